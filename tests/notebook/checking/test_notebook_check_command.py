"""`solvent notebook check`: exit codes, forms of output, and repairs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from solvent.errors import UsageError
from solvent.faces.cli import main
from solvent.notebook.checking.checking import Checking, check
from solvent.notebook.checking.mending import mend

HOME = "/" + "home"  # paths of a machine stand in no file of this project


def call(monkeypatch, capsys, *words: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["solvent", "notebook", "check", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_exit_codes(monkeypatch, capsys, written, tmp_path):
    """0 without faults, 1 with, 2 for what is no use of it; hints are no faults."""
    good, bad = written("x = 1", "!pip install a"), written("print(y)", "y = 1")
    assert call(monkeypatch, capsys, good, "--no-run")[0] == 0
    assert call(monkeypatch, capsys, good, bad, "--no-run")[0] == 1
    code, _, err = call(monkeypatch, capsys, tmp_path / "none.ipynb")
    assert (code, "Traceback" in err) == (2, False)
    assert call(monkeypatch, capsys, good, "--out", "x.ipynb")[0] == 2
    assert call(monkeypatch, capsys, tmp_path)[0] == 2


def test_json_annotations_and_page(monkeypatch, capsys, written, tmp_path):
    """Each form tells cell, line, kind and remedy; a page needs nothing else and hides secrets and marks of HTML."""
    key = "ghp_" + "a1B2" * 9
    path = written("x = 1", f"# <b>\nprint(y)\ntoken = '{key}'", "y = 1")
    _, out, _ = call(monkeypatch, capsys, path, "--no-run", "--json")
    (told,) = json.loads(out)["notebooks"]
    first = next(one for one in told["findings"] if one["kind"] == "used-before")
    assert (first["cell"], first["line"], first["remedy"]) == (2, 2, "move cell 3 above cell 2")
    code, out, _ = call(monkeypatch, capsys, path, "--no-run", "--format", "github")
    assert code == 1
    line = next(one for one in out.splitlines() if "used before" in one)
    number = int(line.split("line=")[1].split(",")[0])
    assert "print(y)" in path.read_text(encoding="utf-8").splitlines()[number - 1]
    assert line.startswith("::error file=")
    call(monkeypatch, capsys, path, "--no-run", "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;" in page and "<b>\n" not in page and "src=" not in page
    assert key not in page and key not in out


def test_folders_are_searched(monkeypatch, capsys, written):
    """A folder stands for the notebooks in it, without those that Jupyter keeps for itself."""
    path = written("x = 1")
    kept = path.parent / ".ipynb_checkpoints"
    kept.mkdir()
    (kept / "made-checkpoint.ipynb").write_text("{", encoding="utf-8")
    code, out, _ = call(monkeypatch, capsys, path.parent, "--no-run")
    assert code == 0 and out.count("made") == 1


@pytest.mark.slow
def test_fix_repairs_order_seeds_paths_and_counts(written):
    """What is safe is repaired, with the notebook as it was beside it, and the result has no fault."""
    path = written(
        {"source": "random.random()\nimport csv", "execution_count": 9},
        "import random",
        f'rows = list(csv.reader(open("{HOME}/ann/x/plots.csv")))\nlen(rows)',
        "import numpy as np\nnp.random.default_rng().normal()",
        files={"plots.csv": "a\n1\n"},
    )  # fmt: skip
    before = path.read_bytes()
    how = Checking()
    mended = mend(check(path, how), how)
    assert mended.backup is not None and mended.backup.read_bytes() == before
    assert mended.report.ok, mended.report.faults
    held = json.loads(path.read_text(encoding="utf-8"))
    sources = ["".join(one["source"]) for one in held["cells"]]
    assert "random.seed(0)" in sources[0]
    assert sources[1] == "import random"
    assert 'open("plots.csv")' in sources[3]
    assert "default_rng(0)" in sources[4]
    assert [one["execution_count"] for one in held["cells"]] == [1, 2, 3, 4, 5]
    assert held["cells"][3]["outputs"][0]["data"]["text/plain"] == "2"
    assert check(path, Checking(run=False)).ok


def test_only_what_is_safe_is_moved(written):
    """A cell that needs what stands between stays where it is."""
    path = written("print(total)", "n = 2", "total = n + 1")
    report = check(path, Checking(run=False))
    mended = mend(report, Checking(run=False), path.with_name("out.ipynb"))
    held = json.loads(mended.path.read_text(encoding="utf-8"))
    assert ["".join(one["source"]) for one in held["cells"]] == ["print(total)", "n = 2", "total = n + 1"]
    assert not mended.report.ok


@pytest.mark.slow
def test_a_command_that_is_told_to_end_leaves_nothing_behind(tmp_path, written):
    """SIGTERM in the middle of a cell: the kernel ends, and its copies of the folder go."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    begun = tmp_path / "begun"
    path = written(f"import os, time\nopen({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    command = [sys.executable, "-m", "solvent", "notebook", "check", str(path)]
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(scratch)}, stdout=subprocess.PIPE) as process:
        end = time.monotonic() + 120
        while not (begun.exists() and begun.read_text()) and time.monotonic() < end:
            time.sleep(0.1)
        assert list(scratch.iterdir())
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 143 and list(scratch.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


PERCENT = """# ---
# jupyter: of a day
# ---

# %% [markdown]
# # A study
#   with  odd   spaces

# %%
print(np.mean(rows), len(names))

# %% tags=["x"]
rows   =  [1,2 , 3]   # as it was


# %%

# %%
# %matplotlib inline
draw = np.random.default_rng().normal()
names = open("HOME/ann/no/such/place/names.txt").read().split()
"""


@pytest.mark.slow
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_fix_repairs_files_with_percent_signs_and_leaves_the_rest_as_it_stood(tmp_path, newline):
    """Cells are moved and changed in place; marks, texts, spaces, empty cells, ends of lines are the file's own."""
    pytest.importorskip("numpy")
    (tmp_path / "names.txt").write_text("ann bob")
    before = PERCENT.replace("HOME", "/" + "home").replace("\n", newline).encode()
    path = tmp_path / "study.py"
    path.write_bytes(before)
    mended = mend(check(path), Checking())
    assert mended.backup is not None and mended.backup.read_bytes() == before
    assert mended.report.ok, mended.report.faults
    text = path.read_bytes().decode()
    assert text.count("\n") == text.count(newline)
    text = text.replace("\r\n", "\n")
    assert text.startswith(PERCENT[: PERCENT.index("# %%\n")])
    assert "rows   =  [1,2 , 3]   # as it was\n\n\n# %%\n" in text
    last = "import numpy as np\n# %matplotlib inline\ndraw = np.random.default_rng(0).normal()\nnames = open("
    assert f'# %%\n{last}"names.txt")' in text
    assert text.index("names = open") < text.index("print(np.mean(rows)")
    assert text.index('# %% tags=["x"]\n') < text.index("print(np.mean(rows)")


def test_fix_repairs_neither_marimo_nor_into_another_kind_of_file(tmp_path):
    """What it does instead is said."""
    path = tmp_path / "a.py"
    path.write_text("# %%\nx = y\n")
    with pytest.raises(UsageError, match="stays a .py file"):
        mend(check(path, Checking(run=False)), Checking(run=False), tmp_path / "a.ipynb")
    path.write_text("import marimo\napp = marimo.App()\n\n@app.cell\ndef _():\n    x = y\n    return (x,)\n")
    with pytest.raises(UsageError, match="'# %%' are repaired"):
        mend(check(path, Checking(run=False)), Checking(run=False))
