"""The edges of a run: secrets, disks that cannot be written, files edited under it, kernels, hostile names."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import subprocess
import sys
import textwrap
import urllib.parse
import warnings

import polars as pl
import pytest

import solvent as sv
from solvent.errors import RunFailed, SettingsError

CALLS: list[str] = []


@sv.step
def connect(*, token: sv.Secret = sv.required) -> int:
    """Use a secret."""
    CALLS.append(token.reveal())
    return len(token.reveal())


@sv.pipeline
def connecting() -> int:
    """One step with a secret."""
    return connect()


def test_a_secret_reaches_the_step_and_no_record(tmp_path, monkeypatch):
    """The step gets the text; no file of the archive holds it; another text re-runs nothing."""
    CALLS.clear()
    config = {"steps": {"connect": {"token": "${secret:SHOP_TOKEN}"}}}
    monkeypatch.setenv("SHOP_TOKEN", "hunter2-very-secret")
    run = sv.run(connecting, config=config, project=tmp_path)
    assert run.value() == 19 and CALLS == ["hunter2-very-secret"]
    sv.open(tmp_path).close()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"hunter2" not in kept
    assert b"SHOP_TOKEN" in kept
    monkeypatch.setenv("SHOP_TOKEN", "another")
    assert sv.run(connecting, config=config, project=tmp_path).value() == 19
    assert CALLS == ["hunter2-very-secret"]


@sv.step
def leaking(*, token: sv.Secret = sv.required, how: str = "print") -> int:
    """Tell a secret in every way that there is, as drivers and careless code do."""
    text = token.reveal()
    if how == "raise":
        raise ValueError(f"no connection to postgresql://reader:{urllib.parse.quote(text, safe='')}@db, said {text!r}")
    print("token", text)
    print(text, file=sys.stderr)
    logging.getLogger("driver").warning("using %s", text)
    warnings.warn(f"{text} is old", UserWarning, stacklevel=1)
    sv.log(note=f"with {text}")
    return 1


@sv.pipeline
def leak() -> int:
    """One careless step."""
    return leaking()


@pytest.mark.parametrize("how", ["print", "raise"])
def test_a_secret_that_the_users_code_tells_is_masked_in_every_record(tmp_path, monkeypatch, how):
    """Prints, logs, warnings, notes and errors are kept with *** in its place, also where it is quoted."""
    monkeypatch.setenv("SHOP_TOKEN", "hunter2/very secret")
    config = {"steps": {"leaking": {"token": "${secret:SHOP_TOKEN}", "how": how}}}
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        run = sv.run(leak, config=config, project=tmp_path, check=False)
    assert run.status == ("failed" if how == "raise" else "succeeded")
    told = f"{run.error} {run['leaking'].error} {run['leaking'].log} {run['leaking'].logged}"
    assert "***" in told and "hunter2" not in told
    sv.open(tmp_path).close()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"hunter2" not in kept


def test_a_secret_setting_takes_nothing_else(tmp_path):
    """Plain text in the place of a secret is refused before anything runs."""
    with pytest.raises(SettingsError, match="token"):
        sv.run(connecting, config={"steps": {"connect": {"token": "plain"}}}, project=tmp_path)


NEEDS_MOUNT = pytest.mark.skipif(
    shutil.which("unshare") is None or os.geteuid() != 0, reason="needs root and unshare to mount"
)
RUN = """
import sys
import solvent as sv
from solvent.errors import Unwritable

@sv.step
def big(*, size: int = 50_000) -> bytes:
    return bytes(range(256)) * (size // 256)

@sv.pipeline
def flow() -> bytes:
    return big()

try:
    run = sv.run(flow, project=sys.argv[1], config={"steps": {"big": {"size": int(sys.argv[2])}}})
except Unwritable as error:
    print("unwritable:", error)
except sv.RunFailed as error:
    print("failed:", error.run.status, error)
else:
    print(run.status, len(run.value()))
"""


def mounted(tmp_path, option, *sizes):
    """What the program prints on a small or read-only file system, one run for each size."""
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "disk").mkdir()
    runs = " ; ".join(f"{sys.executable} {tmp_path}/run.py {tmp_path}/disk {size}" for size in sizes)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o {option} none {tmp_path}/disk && ({runs})"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.splitlines()


@NEEDS_MOUNT
def test_a_read_only_disk_is_one_clear_error(tmp_path):
    """On a read-only file system the run says so, and what to do."""
    (line,) = mounted(tmp_path, "ro,size=1m", 50_000)
    assert line.startswith("unwritable:") and "cannot be" in line


@NEEDS_MOUNT
def test_a_full_disk_fails_the_step_and_loses_nothing(tmp_path):
    """What fits is kept; what does not fails its step clearly; what was kept is still there afterwards."""
    first, second, third = mounted(tmp_path, "size=3m", 100_000, 30_000_000, 100_000)
    assert first == "succeeded 99840"
    assert second.startswith("failed: failed") and "full" in second
    assert third == "succeeded 99840"


def test_a_file_edited_while_its_run_goes_on_poisons_nothing(tmp_path, monkeypatch):
    """The result belongs to the code that ran; a fresh process with the new code runs the step."""
    text = textwrap.dedent(
        """
        import pathlib
        import solvent as sv

        def helper(x):
            return x + 1

        @sv.step
        def f(x: int) -> int:
            return helper(x)

        @sv.step
        def edit(x: int) -> int:
            file = pathlib.Path(__file__)
            file.write_text(file.read_text().replace("x + 1", "x + 100"))
            return x

        @sv.pipeline
        def flow(x: int) -> int:
            return f(edit(x))
        """
    )
    (tmp_path / "edited.py").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for expected in (2, 101):
        sys.modules.pop("edited", None)
        importlib.invalidate_caches()
        module = importlib.import_module("edited")
        run = sv.run(module.flow, inputs={"x": 1}, project=tmp_path)
        assert run.value() == expected
    sys.modules.pop("edited", None)


def test_names_from_outside_never_become_paths(tmp_path):
    """Keys of a mapped dict that look like paths, markup or control characters stay names."""

    @sv.step
    def size(text: str) -> int:
        return len(text)

    @sv.pipeline
    def sizes(texts: dict[str, str]) -> dict[str, int]:
        return size.map(texts)

    names = {"../../etc": "a", "x/y": "bb", "[red]": "ccc", "\x1b[31m": "dddd", "": "e", "ü": "f"}
    run = sv.run(sizes, inputs={"texts": names}, project=tmp_path)
    assert run.value() == {name: len(text) for name, text in names.items()}
    assert not (tmp_path.parent.parent / "etc").exists()


def test_odd_values_pass_through_unchanged(tmp_path):
    """NaN, infinities, -0.0, huge integers, lone surrogates and empty things keep what they are."""

    @sv.step
    def same(value: object) -> object:
        return value

    @sv.pipeline
    def flow(value: object) -> object:
        return same(value)

    for value in (float("inf"), -0.0, 2**200, "\ud800", "", [], {}, (), b"", None, True, [None, [1.5, {"a": ()}]]):
        made = sv.run(flow, inputs={"value": value}, project=tmp_path).value()
        assert repr(made) == repr(value)
    made = sv.run(flow, inputs={"value": float("nan")}, project=tmp_path).value()
    assert made != made


def test_figures_come_back_with_a_reused_step(tmp_path):
    """Numbers, series, text and odd numbers logged by a step are there again when it is reused."""

    @sv.step
    def train() -> int:
        for epoch in range(3):
            sv.log(loss=1 / (epoch + 1), step=epoch)
        sv.log(best=0.5, note="fine", odd=float("nan"))
        return 1

    @sv.pipeline
    def flow(extra: int) -> int:
        return train()

    for extra in (1, 2):
        logged = sv.run(flow, inputs={"extra": extra}, project=tmp_path)["train"].logged
        assert logged["loss"] == {0: 1.0, 1: 0.5, 2: 1 / 3}
        assert logged["best"] == 0.5 and logged["note"] == "fine" and logged["odd"] != logged["odd"]


def test_the_context_tells_a_step_where_it_is(tmp_path):
    """Run, name and a scratch folder that is gone afterwards; outside of a step there is no context."""

    @sv.step
    def where() -> list[str]:
        here = sv.context()
        (here.folder / "x").write_text("1")
        return [here.run, here.name, str(here.folder)]

    @sv.pipeline
    def flow() -> list[str]:
        return where()

    run, name, folder = sv.run(flow, project=tmp_path).value()
    assert (run, name) == ("flow-1", "where")
    assert not os.path.exists(folder)
    with pytest.raises(sv.SolventError, match="while a step runs"):
        sv.context()


def test_a_program_that_ends_the_process_still_leaves_a_true_record(tmp_path):
    """SystemExit in a step cancels the run and says so."""

    @sv.step
    def leave() -> int:
        raise SystemExit(3)

    @sv.pipeline
    def flow() -> int:
        return leave()

    with pytest.raises(RunFailed, match="cancelled"):
        sv.run(flow, project=tmp_path)


@pytest.mark.slow
def test_a_kernel_records_by_itself(tmp_path):
    """In a real Jupyter kernel steps are recorded and reused from the first call on, without being asked."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    cells = [
        "import solvent as sv\nCALLS = []",
        "@sv.step\ndef double(x: int) -> int:\n    return 2 * x",
        "a = double(4)",
        "b = double(4)\nprint(a, b)",
        "import json\nprint(json.dumps([[s.name, str(s.status)] for s in sv.open().runs()[0].steps]))",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert book.cells[3].outputs[0].text == "8 8\n"
    assert json.loads(book.cells[4].outputs[0].text) == [["double", "ran"], ["double-2", "reused"]]


def test_what_cannot_play_a_role_is_refused_before_anything_runs(tmp_path):
    """A class without predict, and an argument that it does not take, are faults of the settings."""
    import polars as pl

    from solvent import learn

    @sv.pipeline
    def flow(rows: sv.Table) -> object:
        return learn.train(rows)

    rows = pl.DataFrame({"a": [1, 2], "y": [0, 1]})
    for settings, words in (
        ({"use": "collections:OrderedDict"}, "has no method fit"),
        ({"use": "sklearn.tree:DecisionTreeClassifier", "with": {"max_dept": 3}}, "Did you mean 'max_depth'"),
    ):
        with pytest.raises(SettingsError, match=words):
            sv.run(
                flow, inputs={"rows": rows}, config={"steps": {"train": {"target": "y", **settings}}}, project=tmp_path
            )
    assert sv.open(tmp_path).runs() == []


@sv.step
def takes_a_step(n: int, one: sv.Step) -> int:
    """A step as data, which cannot be."""
    return n


@sv.step
def takes_anything(n: int, one: object) -> int:
    """Whatever is handed over."""
    return n


@sv.pipeline
def hands_a_step(n: int) -> int:
    """A step as the data of another."""
    return takes_a_step(n, takes_anything)


@sv.pipeline
def hands_a_function(n: int) -> int:
    """A function without a name as data."""
    return takes_anything(n, lambda: n)


FULL = """
import sys
import solvent as sv
import numpy as np
import polars as pl
from solvent.errors import Unwritable

@sv.step
def big(*, kind: str) -> object:
    numbers = np.random.default_rng(1).random(2_000_000)
    if kind == "array":
        return numbers
    if kind == "arrays":
        return [numbers[:1_000_000], numbers[1_000_000:]]
    frame = pl.LazyFrame({"a": numbers})
    return frame if kind == "lazy" else frame.collect()

@sv.pipeline
def flow() -> object:
    return big()

for kind in ("array", "arrays", "lazy", "table"):
    try:
        sv.run(flow, project=sys.argv[1], config={"steps": {"big": {"kind": kind}}})
    except sv.RunFailed as error:
        print(kind, type(error.__cause__).__name__, str(error.__cause__))
project = sv.open(sys.argv[1])
project.catalog.close()
open(sys.argv[1] + "/rest", "wb").write(b"x" * 3_000_000)
try:
    open(sys.argv[1] + "/more", "wb").write(b"x" * 9_000_000)
except OSError:
    pass
project = sv.open(sys.argv[1])
print(len(project.runs()), project.runs()[0].status)
try:
    sv.run(flow, project=project, config={"steps": {"big": {"kind": "array"}}})
except Unwritable as error:
    print(error)
import os
os.remove(sys.argv[1] + "/more")
os.remove(sys.argv[1] + "/rest")
print(sv.run(flow, project=project, config={"steps": {"big": {"kind": "none"}}}, check=False).status)
"""


@NEEDS_MOUNT
def test_whatever_a_step_returns_a_full_disk_is_told_as_such_and_the_records_can_be_read(tmp_path):
    """Arrays, tables and lazy frames alike; on a disk without a free byte runs are listed; freed, it goes on."""
    (tmp_path / "run.py").write_text(FULL)
    (tmp_path / "disk").mkdir()
    command = f"mount -t tmpfs -o size=4m none {tmp_path}/disk && {sys.executable} run.py {tmp_path}/disk"
    done = subprocess.run(["unshare", "-m", "sh", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    lines = done.stdout.splitlines()
    full = "Unwritable the disk is full: nothing more can be kept in"
    assert [line[: len(full) + line.index(" ") + 1] for line in lines[:4]] == [
        f"{kind} {full}" for kind in ("array", "arrays", "lazy", "table")
    ], done.stderr
    assert lines[4] == "4 failed"
    assert lines[5].startswith("the disk is full: the catalog") and lines[5].endswith("Free some space and run again.")
    assert lines[6] == "failed" and "Traceback" not in done.stderr, done.stderr


def test_what_a_step_cannot_be_given_is_refused_with_its_place(tmp_path):
    """A step is a setting of another step, and a lambda is nothing that can be kept; the line says where."""
    place = r"test_engine_edges.py:\d+: 'takes_a_step' is given the step 'takes_anything' as its data 'one'"
    with pytest.raises(sv.errors.PlanError, match=place + r".*behind the star.*\*, one: sv.Step\)$"):
        sv.run(hands_a_step, inputs={"n": 1}, project=tmp_path)
    with pytest.raises(sv.errors.PlanError, match="takes_anything' is given what cannot be kept as its data 'one'"):
        sv.run(hands_a_function, inputs={"n": 1}, project=tmp_path)


@sv.step
def measured(rows: int, *, low: int = 0, high: float = 1.0, need: str) -> int:
    """Settings of three kinds."""
    return rows


@sv.pipeline
def faulty(rows: int, other: pl.DataFrame) -> int:
    """Two inputs."""
    takes_anything(rows, other)
    return measured(rows)


def test_every_fault_of_the_settings_is_told_at_once(tmp_path):
    """A reference that leads nowhere, a word and an option that there are not, two types, a key, each bad source."""
    (tmp_path / "f.yaml").write_text(
        "steps:\n  measured:\n    low: ${vars.nope}\n    high: tall\n    hihg: 2\n    options: {retrys: 2}\n"
        "inputs:\n  rows: {value: 1}\n  other:\n  - files: a.csv\n  - fils: b.csv\n  - [c.csv]\nstpes: {}\n"
        "seed: fast\nrun: {date: nope}\n"
    )
    with pytest.raises(sv.errors.SettingsError) as caught:
        sv.run(faulty, config=tmp_path / "f.yaml", project=tmp_path)
    told = [str(one) for one in caught.value.problems]
    expected = [
        "f.yaml:3: steps.measured.low: ", "f.yaml:13: stpes: there is no such word",
        "f.yaml:6: steps.measured.options.retrys: there is no option", "f.yaml:9: inputs.other: source 2 of the list: ",
        "f.yaml:9: inputs.other: source 3 of the list: ", "f.yaml:4: steps.measured.high: ",
        "f.yaml:14: seed: expected a whole number", "f.yaml:15: run.date: expected a date",
        "steps.measured.need: this setting is required", "f.yaml:5: steps.measured.hihg: ",
    ]  # fmt: skip
    assert len(told) == len(expected), "\n".join(told)
    for start in expected:
        assert any(one.startswith(start) for one in told), (start, told)


@pytest.mark.parametrize("text", ["steps: ${vars.no}\n", "steps: {measured: '${vars.no}'}\n", "seed: ${vars.no}\n"])
def test_a_reference_to_nothing_that_decides_what_is_looked_at_is_told_alone(tmp_path, text):
    """Nothing is said of what could not be known without it."""
    (tmp_path / "f.yaml").write_text(text + "inputs: {rows: {value: 1}, other: {value: [{a: 1}]}}\n")
    with pytest.raises(sv.errors.SettingsError) as caught:
        sv.run(faulty, config=tmp_path / "f.yaml", project=tmp_path)
    (only,) = caught.value.problems
    assert "f.yaml:1: " in str(only) and "vars.no" in str(only)
