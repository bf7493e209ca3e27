"""Running: results are recorded and reused, failures leave a true record, nothing is half done."""

from __future__ import annotations

import json
import threading
from enum import Enum
from typing import Any, Literal, NamedTuple

import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.errors import InputError, NoValue, OutputError, PlanError, RunFailed, SettingsError

CALLS: list[str] = []


class Parts(NamedTuple):
    """Two outputs."""

    small: list[int]
    large: list[int]


@sv.step
def numbers(start: int, *, count: int = 4) -> list[int]:
    """Count."""
    CALLS.append("numbers")
    return list(range(start, start + count))


@sv.step
def split(rows: list[int], *, border: int = 2) -> Parts:
    """Split at a border."""
    CALLS.append("split")
    return Parts([n for n in rows if n < border], [n for n in rows if n >= border])


@sv.step
def total(rows: list[int]) -> int:
    """Add up."""
    CALLS.append("total")
    print("adding", rows)
    sv.log(rows=len(rows), note="added")
    return sum(rows)


@sv.step
def noise(seed_of_it: int) -> np.ndarray:
    """So much that it is written behind the next step."""
    CALLS.append("noise")
    return np.random.default_rng(seed_of_it).random(4_000_000)


@sv.pipeline
def flow(start: int = 0) -> int:
    """Three steps."""
    parts = split(numbers(start))
    return total(parts.large)


@pytest.fixture(autouse=True)
def _fresh():
    CALLS.clear()


def statuses(run):
    """Each step's status, as a word."""
    return {step.name: str(step.status) for step in run.steps}


def test_a_run_gives_what_the_pipeline_returns(tmp_path):
    """The value of a run is what its pipeline returned, and each step run gives its own."""
    run = sv.run(flow, project=tmp_path)
    assert run.status == "succeeded"
    assert run.value() == 5
    assert run["numbers"].value() == [0, 1, 2, 3]
    assert run["split"].value("small") == [0, 1]
    assert run["split"].outputs.keys() == {"small", "large"}
    assert CALLS == ["numbers", "split", "total"]


def test_an_unchanged_run_is_recognised_as_a_whole(tmp_path):
    """The second run calls nothing, is a run of its own, and its steps count as reused."""
    first = sv.run(flow, project=tmp_path)
    second = sv.run(flow, project=tmp_path)
    assert CALLS == ["numbers", "split", "total"]
    assert second.id != first.id
    assert second.reused
    assert second.value() == 5
    assert set(statuses(second).values()) == {"reused"}
    assert second["total"].reused_from == first.id
    assert second["total"].logged == {"rows": 2, "note": "added"}


def test_a_step_can_be_run_alone(tmp_path):
    """A step that is handed to sv.run is a pipeline of itself, and shares its results with every other."""
    run = sv.run(numbers, inputs={"start": 0}, set={"steps.numbers.count": 2}, project=tmp_path)
    assert run.value() == [0, 1]
    CALLS.clear()
    sv.run(flow, set={"steps.numbers.count": 2}, project=tmp_path)
    assert CALLS == ["split", "total"]


def test_a_changed_setting_runs_only_what_depends_on_it(tmp_path):
    """Steps above the change are reused; a step that made the same ends the wave."""
    sv.run(flow, project=tmp_path)
    CALLS.clear()
    run = sv.run(flow, set={"steps.split.border": 1}, project=tmp_path)
    assert statuses(run) == {"numbers": "reused", "split": "ran", "total": "ran"}
    CALLS.clear()
    run = sv.run(flow, set=["steps.numbers.count=4", "steps.split.border=2"], project=tmp_path)
    assert set(statuses(run).values()) == {"reused"}


def test_a_step_that_made_the_same_ends_the_wave(tmp_path):
    """Another border that splits the same leaves the steps below reused."""
    sv.run(flow, config={"steps": {"numbers": {"count": 2}, "split": {"border": 5}}}, project=tmp_path)
    run = sv.run(flow, config={"steps": {"numbers": {"count": 2}, "split": {"border": 6}}}, project=tmp_path)
    assert statuses(run) == {"numbers": "reused", "split": "ran", "total": "reused"}


def test_inputs_can_be_given_alive_or_as_values(tmp_path):
    """A live input and the same value in the settings have one identity."""
    run = sv.run(flow, inputs={"start": 10}, project=tmp_path)
    assert run.value() == 10 + 11 + 12 + 13
    CALLS.clear()
    run = sv.run(flow, config={"inputs": {"start": {"value": 10}}}, project=tmp_path)
    assert run.value() == 46
    assert CALLS == []


def test_every_record_is_there_without_asking(tmp_path):
    """Who, where, with what, when, which settings and where they come from, cost and log stand in the record."""
    run = sv.run(flow, config={"seed": 3, "steps": {"split": {"border": 1}}}, project=tmp_path)
    record = run.record
    assert record["environment"]["distributions"]["apsw"]
    assert record["environment"]["python"]
    assert record["command"]
    assert run.user and run.host and run.seed == 3 and run.seconds > 0
    step = run["total"]
    assert step.log == "adding [1, 2, 3]\n"
    assert step.logged == {"rows": 3, "note": "added"}
    assert step.cpu >= 0 and step.peak_mb > 1 and step.seconds >= 0
    assert run["split"].settings["border"]["value"] == 1
    assert run["split"].settings["border"]["origin"]
    assert list(run["total"].inputs) == ["rows"]
    closure = sv.open(tmp_path).catalog.read("SELECT text FROM texts WHERE kind = 'closure'")
    assert any("sum(rows)" in text for (text,) in closure)


@sv.step
def broken(rows: list[int], *, fail: bool = True) -> int:
    """Fail if told to."""
    CALLS.append("broken")
    if fail:
        print("about to fail")
        raise ZeroDivisionError("no rows")
    return len(rows)


@sv.pipeline
def failing(start: int = 0) -> int:
    """A step fails between two others; another branch goes on."""
    rows = numbers(start)
    other = total(rows)
    return add(broken(rows), other)


@sv.step
def add(one: int, other: int) -> int:
    """Add."""
    CALLS.append("add")
    return one + other


def test_a_failure_is_recorded_and_raised_with_its_cause(tmp_path):
    """RunFailed carries the run and the user's own exception; what depends on it is blocked, the rest is done."""
    with pytest.raises(RunFailed, match="step 'broken': ZeroDivisionError: no rows") as caught:
        sv.run(failing, project=tmp_path)
    run = caught.value.run
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert run.status == "failed"
    assert statuses(run) == {"numbers": "ran", "total": "ran", "broken": "failed", "add": "blocked"}
    error = run["broken"].error
    assert error["type"] == "ZeroDivisionError"
    assert "test_engine_running.py" in error["where"]
    assert "solvent/engine" not in error["traceback"]
    assert run["broken"].log == "about to fail\n"
    with pytest.raises(NoValue, match="failed"):
        run["broken"].value()
    with pytest.raises(NoValue):
        run.value()


def test_a_failed_run_goes_on_where_it_stopped(tmp_path):
    """After the fault is mended only what was not done is done; `check=False` gives the failed run."""
    run = sv.run(failing, project=tmp_path, check=False)
    assert run.status == "failed"
    CALLS.clear()
    run = sv.run(failing, set={"steps.broken.fail": False}, project=tmp_path)
    assert run.value() == 4 + 6
    assert CALLS == ["broken", "add"]


def test_an_interrupt_cancels_with_a_true_record(tmp_path):
    """Ctrl-C leaves the step and the run cancelled, and what was finished is reused next time."""

    @sv.step
    def stop(rows: list[int]) -> int:
        raise KeyboardInterrupt

    @sv.pipeline
    def interrupted() -> int:
        return add(stop(numbers(0)), 1)

    run = sv.run(interrupted, project=tmp_path, check=False)
    assert run.status == "cancelled"
    assert statuses(run) == {"numbers": "ran", "stop": "cancelled"}
    with pytest.raises(RunFailed, match="cancelled"):
        sv.run(interrupted, project=tmp_path)


WRONG = {
    "none": (None, "returned None"),
    "type": ("text", "returned str 'text'"),
    "generator": ((n for n in [1]), "read only once"),
}


@pytest.mark.parametrize(("value", "words"), WRONG.values(), ids=WRONG)
def test_an_output_that_is_not_as_declared_fails_its_step(tmp_path, value, words):
    """None, another type or a generator is one clear error, and nothing is kept of it."""

    @sv.step(reuse=False)
    def wrong() -> int:
        return value

    @sv.pipeline
    def wrongs() -> int:
        return wrong()

    run = sv.run(wrongs, project=tmp_path, check=False)
    assert words in run["wrong"].error["message"]
    assert run["wrong"].error["type"] == OutputError.__name__
    assert run["wrong"].outputs == {}


def test_a_value_with_no_format_names_the_three_ways_out(tmp_path):
    """A value that nothing can keep fails its step, and the message says what to do."""

    class Odd:
        pass

    @sv.step
    def odd() -> Any:
        return Odd()

    @sv.pipeline
    def odds() -> Any:
        return odd()

    run = sv.run(odds, project=tmp_path, check=False)
    message = run["odd"].error["message"]
    assert "to_artifact" in message and "formats" in message


def test_a_mutation_reaches_nobody(tmp_path):
    """What a step does to its input, and a producer to what it returned, is seen by nobody else."""
    kept = []

    @sv.step(reuse=False)
    def make() -> dict[str, list[int]]:
        value = {"rows": [1, 2, 3]}
        kept.append(value)
        return value

    @sv.step(reuse=False)
    def spoil(value: dict[str, list[int]]) -> int:
        value["rows"].append(99)
        kept[0]["rows"].append(77)
        return len(value["rows"])

    @sv.step(reuse=False)
    def look(value: dict[str, list[int]], after: int) -> list[int]:
        return value["rows"]

    @sv.pipeline
    def mutating() -> Any:
        value = make()
        return look(value, spoil(value))

    run = sv.run(mutating, project=tmp_path)
    assert run.value() == [1, 2, 3]
    assert run["make"].value() == {"rows": [1, 2, 3]}


def test_the_same_step_is_seeded_the_same_and_another_seed_moves_it(tmp_path):
    """Derived seeds follow from the run's seed; ambient generators from the key, never from the run."""
    import random

    @sv.step
    def draw(*, seed: int = sv.required) -> tuple[int, float]:
        return seed, random.random()

    @sv.step
    def ambient() -> float:
        return random.random()

    @sv.pipeline
    def draws() -> Any:
        return [draw(), ambient(), draw.named("again")()]

    one = sv.run(draws, config={"seed": 1}, project=tmp_path / "a" if (tmp_path / "a").mkdir() is None else None)
    two = sv.run(draws, config={"seed": 1}, project=tmp_path / "b" if (tmp_path / "b").mkdir() is None else None)
    other = sv.run(draws, config={"seed": 2}, project=tmp_path / "b")
    assert one.value() == two.value()
    assert one.value()[0] != one.value()[2]
    assert other.value()[0] != one.value()[0]
    assert str(other["ambient"].status) == "reused"
    assert one["draw"].seed == one.value()[0][0]


def test_a_map_unfolds_by_item_and_an_insertion_reruns_nothing_else(tmp_path):
    """Items are told apart by content; adding one does only that one and gathers again."""

    @sv.step
    def square(n: int) -> int:
        CALLS.append(f"square {n}")
        return n * n

    @sv.step
    def collect(values: list[int]) -> list[int]:
        return values

    @sv.pipeline
    def squares(items: list[int]) -> list[int]:
        return collect(square.map(items))

    assert sv.run(squares, inputs={"items": [1, 2]}, project=tmp_path).value() == [1, 4]
    CALLS.clear()
    run = sv.run(squares, inputs={"items": [3, 1, 2]}, project=tmp_path)
    assert run.value() == [9, 1, 4]
    assert CALLS == ["square 3"]
    assert sorted(str(item.status) for item in run["square"].items.values()) == ["ran", "reused", "reused"]


def test_a_dict_maps_by_key_and_items_have_names(tmp_path):
    """A mapped dict gives a dict, and each item is found by its key."""

    @sv.step
    def length(word: str) -> int:
        return len(word)

    @sv.pipeline
    def lengths(words: dict[str, str]) -> dict[str, int]:
        return length.map(words)

    run = sv.run(lengths, inputs={"words": {"acme": "abc", "bolt": "a"}}, project=tmp_path)
    assert run.value() == {"acme": 3, "bolt": 1}
    assert run["length[acme]"].value() == 3


def test_one_item_that_fails_leaves_the_others(tmp_path):
    """The node fails and names the item; `on_error: collect` hands on those that succeeded."""

    @sv.step
    def invert(n: int) -> float:
        return 1 / n

    @sv.pipeline
    def inverses(items: dict[str, int]) -> dict[str, float]:
        return invert.map(items)

    items = {"zero": 0, "two": 2}
    run = sv.run(inverses, inputs={"items": items}, project=tmp_path, check=False)
    assert run.status == "failed"
    assert str(run["invert"].status) == "failed" and "zero" in run["invert"].error["message"]
    assert run["invert[two]"].value() == 0.5
    run = sv.run(
        inverses,
        inputs={"items": items},
        set={"steps.invert.options.on_error": "collect"},
        project=tmp_path,
        check=False,
    )
    assert run["invert"].value() == {"two": 0.5}


def test_a_mapped_pipeline_does_its_steps_for_each_item(tmp_path):
    """Each item has its own step runs, and an unchanged item reuses all of them."""

    @sv.step
    def double(n: int) -> int:
        return 2 * n

    @sv.pipeline
    def both(n: int, extra: int) -> int:
        return add(double(n), extra)

    @sv.pipeline
    def outer(items: dict[str, int]) -> dict[str, int]:
        return both.map(items, 100)

    run = sv.run(outer, inputs={"items": {"a": 1, "b": 2}}, project=tmp_path)
    assert run.value() == {"a": 102, "b": 104}
    again = sv.run(outer, inputs={"items": {"a": 1, "c": 3}}, project=tmp_path)
    assert again.value() == {"a": 102, "c": 106}


def test_when_skips_what_its_flag_forbids(tmp_path):
    """A skipped step hands None to who takes it, and skips who does not."""

    @sv.step
    def big(n: int, *, limit: int = 3) -> bool:
        return n > limit

    @sv.step
    def show(n: int | None) -> str:
        return f"got {n}"

    @sv.step
    def strict(n: int) -> int:
        return n

    @sv.pipeline
    def deciding(start: int) -> Any:
        n = add(start, 1)
        maybe = sv.when(big(n), add.named("more"), n, n)
        return [show(maybe), strict(maybe)]

    run = sv.run(deciding, inputs={"start": 1}, project=tmp_path)
    assert statuses(run)["more"] == "skipped"
    assert run["show"].value() == "got None"
    assert statuses(run)["strict"] == "skipped"
    run = sv.run(deciding, inputs={"start": 5}, project=tmp_path)
    assert run.value() == ["got 12", 12]


def test_to_and_rerun_choose_what_is_done(tmp_path):
    """`to` stops after a step, `rerun` does a step again whatever is known of it."""
    run = sv.run(flow, to="split", project=tmp_path)
    assert list(statuses(run)) == ["numbers", "split"]
    run = sv.run(flow, project=tmp_path)
    assert statuses(run) == {"numbers": "reused", "split": "reused", "total": "ran"}
    run = sv.run(flow, rerun="split", project=tmp_path)
    assert statuses(run) == {"numbers": "reused", "split": "ran", "total": "reused"}
    with pytest.raises(sv.SolventError, match="Did you mean 'split'"):
        sv.run(flow, to="splitt", project=tmp_path)


def test_reuse_can_be_forbidden_or_aged(tmp_path):
    """A step with reuse=False always runs; an age lets a result count for so long."""

    @sv.step(reuse=False)
    def always() -> int:
        CALLS.append("always")
        return 1

    @sv.step(reuse="1 hour")
    def hourly() -> int:
        CALLS.append("hourly")
        return 2

    @sv.pipeline
    def both() -> int:
        return add(always(), hourly())

    sv.run(both, project=tmp_path)
    sv.run(both, project=tmp_path)
    assert CALLS == ["always", "hourly", "add", "always"]
    with sv.open(tmp_path).catalog.write() as tx:
        tx.execute("UPDATE step_runs SET ended = ended - 4000 WHERE path = 'hourly'")
    CALLS.clear()
    sv.run(both, project=tmp_path)
    assert CALLS == ["always", "hourly"]


def test_retries_and_timeouts_say_how_a_step_is_carried_out(tmp_path):
    """A step that fails once and is retried succeeds; one that takes too long fails; neither enters the key."""
    import time

    @sv.step(retries=2)
    def shaky() -> int:
        CALLS.append("shaky")
        if len(CALLS) < 2:
            raise ConnectionError("once")
        return 1

    @sv.step(timeout=0.05)
    def slow() -> int:
        time.sleep(5)
        return 2

    @sv.pipeline
    def both() -> int:
        return add(shaky(), slow())

    run = sv.run(both, project=tmp_path, check=False)
    assert CALLS == ["shaky", "shaky"]
    assert run["shaky"].value() == 1
    assert "timeout" in run["slow"].error["message"]


def test_an_executor_that_is_not_there_is_refused(tmp_path):
    """Asking for another executor than this version has is an error, not a silent fallback."""
    with pytest.raises(PlanError, match="'ray'"):
        sv.run(flow, set={"steps.total.options.executor": "ray"}, project=tmp_path)


def test_bad_settings_stop_before_anything_runs(tmp_path):
    """All faults come at once, with nothing run and nothing recorded."""
    with pytest.raises(SettingsError) as caught:
        sv.run(flow, config={"steps": {"split": {"bordr": 3}, "numbers": {"count": "many"}}}, project=tmp_path)
    assert len(caught.value.problems) == 2
    assert CALLS == []
    assert sv.open(tmp_path).runs() == []


def test_a_missing_input_says_where_to_put_it(tmp_path):
    """An input that nothing binds is a clear error before anything runs."""

    @sv.pipeline
    def needing(rows: list[int]) -> int:
        return total(rows)

    with pytest.raises(SettingsError, match="missing input 'rows'.*inputs:"):
        sv.run(needing, project=tmp_path)
    with pytest.raises(SettingsError, match="Did you mean 'rows'"):
        sv.run(needing, inputs={"row": [1]}, project=tmp_path)


def test_an_unhashable_setting_is_refused_when_the_plan_is_made(tmp_path):
    """A setting that nothing can identify is named, with its step."""

    @sv.step
    def odd(*, lock: Any = None) -> int:
        return 1

    @sv.pipeline
    def odds() -> int:
        return odd(lock=threading.Lock())

    with pytest.raises(PlanError, match="odd"):
        sv.run(odds, project=tmp_path)


def test_an_undeclared_file_becomes_an_input(tmp_path):
    """A file that a step reads on its own is found, recorded, and a change of it runs the step again."""
    file = tmp_path / "numbers.json"
    file.write_text("[1, 2]")

    @sv.step
    def read() -> list[int]:
        CALLS.append("read")
        with open(file) as text:
            return json.load(text)

    @sv.pipeline
    def reading() -> list[int]:
        return read()

    project = tmp_path / "project"
    project.mkdir()
    run = sv.run(reading, project=project)
    assert any("numbers.json" in line for line in run["read"].notes["discovered"])
    assert sv.run(reading, project=project).value() == [1, 2]
    assert CALLS == ["read"]
    file.write_text("[1, 2, 3]")
    assert sv.run(reading, project=project).value() == [1, 2, 3]
    assert CALLS == ["read", "read"]


def test_damaged_bytes_are_named_and_a_run_heals_them(tmp_path):
    """A flipped bit in a stored artifact is never loaded; running again makes it anew."""

    @sv.step
    def big() -> bytes:
        return b"abc" * 50_000

    @sv.step
    def size(data: bytes, *, plus: int = 0) -> int:
        return len(data) + plus

    @sv.pipeline
    def bigs() -> int:
        return size(big())

    run = sv.run(bigs, project=tmp_path)
    store = sv.open(tmp_path).archive.store
    (name,) = list(store.names())
    file = store.folder / "blobs" / name[:2] / name
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[77] ^= 1
    file.write_bytes(data)
    with pytest.raises(sv.SolventError, match=name[:12]):
        run["big"].value()
    healed = sv.run(bigs, set={"steps.size.plus": 1}, project=tmp_path)
    assert healed.value() == 150_001
    assert str(healed["big"].status) == "ran"
    assert run["big"].value() == b"abc" * 50_000


def test_damage_that_nobody_knows_of_is_healed_within_the_run(tmp_path):
    """If a reused artifact turns out damaged when it is read, the step that made it is done once more."""

    @sv.step
    def big() -> bytes:
        CALLS.append("big")
        return b"xyz" * 50_000

    @sv.step
    def size(data: bytes, *, plus: int = 0) -> int:
        return len(data) + plus

    @sv.pipeline
    def bigs() -> int:
        return size(big())

    sv.run(bigs, project=tmp_path)
    store = sv.open(tmp_path).archive.store
    for name in list(store.names()):
        (store.folder / "blobs" / name[:2] / name).unlink()
    run = sv.run(bigs, set={"steps.size.plus": 1}, project=tmp_path)
    assert run.value() == 150_001
    assert CALLS == ["big", "big"]


def test_two_runs_of_one_project_do_not_disturb_each_other(tmp_path):
    """A project folder that is moved keeps all its results."""
    (tmp_path / "old").mkdir()
    sv.run(flow, project=tmp_path / "old")
    sv.open(tmp_path / "old").close()
    (tmp_path / "old").rename(tmp_path / "new")
    CALLS.clear()
    run = sv.run(flow, project=tmp_path / "new")
    assert run.reused and run.value() == 5 and CALLS == []


def test_an_input_that_cannot_be_read_fails_before_its_consumers(tmp_path):
    """A file that is not there is an error that names the input and the file."""

    @sv.pipeline
    def needing(rows: list[int]) -> int:
        return total(rows)

    with pytest.raises((SettingsError, RunFailed, InputError), match="nowhere"):
        sv.run(needing, config={"inputs": {"rows": {"files": "nowhere.bin"}}}, project=tmp_path)


class Colour(Enum):
    """Two colours."""

    RED = "r"
    BLUE = "b"


@sv.step
def paint() -> Any:
    """Say nothing of the class."""
    return Colour.RED


@sv.step
def name_any(colour: Any, *, loud: bool = False) -> str:
    """Nor here."""
    return colour.name


@sv.step
def name_it(colour: Colour) -> str:
    """Here it is said."""
    return str(colour.name)


@sv.step
def anything() -> object:
    """Whatever it is."""
    return "q"


@sv.step
def whole(x: int) -> int:
    """A number."""
    return x


@sv.step
def counted(t: pl.DataFrame) -> int:
    """A table."""
    return len(t)


@sv.step
def added(*xs: int) -> int:
    """Numbers."""
    return sum(xs)


@pytest.mark.parametrize(
    ("taker", "given", "words"),
    [
        (whole, "q", "int, and is given str 'q'"), (whole, 1.5, "int, and is given float 1.5"),
        (whole, None, "int, and is given None"), (counted, {"a": [1]}, "polars.DataFrame, and is given dict"),
        (counted, [1, 2], "polars.DataFrame, and is given list"),
        (total, [1, "x"], r"list\[int\], and is given list with item 1: str 'x'"),
    ],
)  # fmt: skip
def test_data_that_is_not_as_declared_is_refused_before_anything_runs(tmp_path, taker, given, words):
    """As an input of the run, and as a constant in the pipeline, whose line is told."""

    @sv.pipeline
    def fixed():
        taker(given)

    with pytest.raises(PlanError, match=rf"test_engine_running.py:\d+: .* takes {words}"):
        sv.run(fixed, project=tmp_path)
    (name,) = (one.name for one in taker.signature.data)
    with pytest.raises(SettingsError, match=f"inputs.{name}: .*takes {words}"):
        sv.run(taker, inputs={name: given}, project=tmp_path)
    assert sv.open(tmp_path).runs() == []


def test_what_only_the_value_tells_is_told_by_the_value(tmp_path):
    """A step that says nothing of its result, before whole numbers; one item of many; what fits goes through."""

    @sv.pipeline
    def late() -> int:
        return whole(anything())

    @sv.pipeline
    def among() -> int:
        return added(1, anything())

    for flow_, name in ((late, "whole"), (among, "added")):
        run = sv.run(flow_, project=tmp_path, check=False)
        assert run[name].error["type"] == "InputError"
    assert "with item 1: str 'q'" in sv.open(tmp_path).run("among")["added"].error["message"]
    assert sv.run(whole, inputs={"x": np.int64(3)}, project=tmp_path).value() == 3


@pytest.mark.parametrize(
    ("declared", "value", "words"),
    [
        (list[int], [1, "x"], "list with item 1: str 'x'"), (dict[str, int], {1: 1}, "dict with the key int 1"),
        (dict[str, int], {"a": None}, "dict with 'a': None"), (tuple[int, ...], (1, 2.5), "tuple with item 1: float"),
        (list[pl.DataFrame], [None], "list with item 0: None"), (Literal["a", "b"], "c", "str 'c'"),
        (list[dict[str, list[int]]], [{"a": [1, None]}], "list with item 0: dict with 'a': list with item 1: None"),
        (int | list[int], ["x"], "list with item 0: str 'x'"),
    ],
)  # fmt: skip
def test_the_elements_of_an_output_are_what_is_declared(tmp_path, declared, value, words):
    """How deep they may lie, with their place."""

    def made():
        return value

    made.__annotations__["return"] = declared
    run = sv.run(sv.step(made), project=tmp_path, check=False)
    assert words in run["made"].error["message"] and run["made"].error["type"] == "OutputError"


def test_a_class_that_nobody_names_is_told_at_once(tmp_path):
    """Not only where the maker is reused; one that says the class gets it in every run."""

    @sv.pipeline
    def unsaid() -> str:
        return name_any(paint())

    @sv.pipeline
    def said() -> str:
        return name_it(paint())

    for _ in range(2):
        run = sv.run(unsaid, project=tmp_path, check=False)
        assert "annotate the parameter or field with Colour" in run["name_any"].error["message"]
        assert sv.run(said, project=tmp_path).value() == "RED"
    assert str(run["paint"].status) == "reused"


def test_what_is_still_being_written_is_reused(tmp_path):
    """The same step on the same inputs is done once in a run, also while its large result is on its way to the disk."""
    with sv.open(tmp_path):
        assert (noise(1) == noise(1)).all()
    assert CALLS == ["noise"]


def test_a_recorded_block_reuses_eager_calls(tmp_path):
    """Within `with sv.open()` eager calls are step runs of an exploration run, and are reused."""
    with sv.open(tmp_path) as project:
        assert total(numbers(1)) == 1 + 2 + 3 + 4
        assert flow(1) == 2 + 3 + 4
    run = project.runs()[0]
    assert run["numbers"].notes == {}, "something was seen of another test's leavings"
    assert CALLS == ["numbers", "total", "split", "total"]
    assert run.status == "succeeded"
    assert [step.name for step in run.steps] == ["numbers", "total", "flow/numbers", "flow/split", "flow/total"]
    assert str(run["flow/numbers"].status) == "reused"
    CALLS.clear()
    assert total([5]) == 5
    assert len(project.runs()) == 1
