"""References mean what they say: the last run that has a step, one output of it, and nothing that only looks alike."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple

import polars as pl
import pytest

import solvent as sv
from solvent.engine.references import find_step
from solvent.errors import InputError, NotFound, PlanError


@sv.step
def times(n: int, *, k: int = 1) -> pl.DataFrame:
    """The same number in some rows."""
    return pl.DataFrame({"a": [k] * n})


@sv.pipeline
def repeat(n: int) -> pl.DataFrame:
    """One step."""
    return times(n)


def test_a_step_of_a_run_that_was_done_before_is_that_of_the_last_run(tmp_path):
    """After k=1, k=2 and k=1 again, ``times`` is the table of k=1, though its run had nothing to do."""
    for k in (1, 2, 1):
        run = sv.run(repeat, config={"steps": {"times": {"k": k}}}, inputs={"n": 2}, project=tmp_path)
    assert run["times"].status == "reused"
    with sv.open(tmp_path) as project:
        assert project.load("times")["a"].to_list() == project.load(f"{run.id}/times")["a"].to_list() == [1, 1]
        project.publish("times", "ones")
        assert project.load("ones@v1")["a"].to_list() == [1, 1]
        assert project.load("repeat-2/times")["a"].to_list() == [2, 2]


class Pair(NamedTuple):
    """Two outputs."""

    left: int
    right: int


@sv.step
def pair(n: int) -> Pair:
    """Two numbers."""
    return Pair(n, n + 1)


@sv.step
def of_left(x: int) -> int:
    """Uses the one."""
    return x


@sv.step
def of_right(x: int) -> int:
    """Uses the other."""
    return x * 10


@sv.step
def of_all(x: int, y: int) -> int:
    """Uses what both led to."""
    return x + y


@sv.pipeline
def both(n: int) -> int:
    """Each output has a consumer of its own, and one that both lead to."""
    made = pair(n)
    return of_all(of_left(made.left), of_right(made.right))


def test_what_one_output_led_to_is_not_what_the_other_led_to(tmp_path):
    """Downwards from ``pair.right`` lie its own consumers."""
    sv.run(both, inputs={"n": 1}, project=tmp_path)
    with sv.open(tmp_path) as project:
        down = project.lineage("pair.right", "down")
        assert {place.name for place in down.places.values()} == {"pair", "of_right", "of_all"}
        assert {link.parameter for link in down.links} == {"x", "y"}
        whole = {place.name for place in project.lineage("pair", "down").places.values()}
    assert whole == {"pair", "of_left", "of_right", "of_all"}


@sv.pipeline
def forgetful(n: int) -> pl.DataFrame:  # type: ignore[return]
    """Returns nothing."""
    times(n)


@sv.pipeline
def wrong(n: int) -> int:
    """Returns what it does not declare."""
    return "no"  # type: ignore[return-value]


@pytest.mark.parametrize("pipeline, told", [(forgetful, "returns nothing"), (wrong, "returns the str 'no'")])
def test_a_pipeline_that_returns_what_it_does_not_declare_is_refused(tmp_path, pipeline, told):
    """Before anything runs, as for steps."""
    with pytest.raises(PlanError, match=told):
        sv.run(pipeline, inputs={"n": 1}, project=tmp_path)
    assert not (tmp_path / ".solvent" / "catalog.db").exists() or not sv.open(tmp_path).runs()


@sv.pipeline
def counted(rows: pl.DataFrame) -> int:
    """One step over a table."""
    return height(rows)


@sv.step
def height(rows: pl.DataFrame) -> int:
    """How many rows there are."""
    return rows.height


def test_rows_in_the_settings_are_a_table(tmp_path):
    """``value:`` takes rows, or columns, where a frame is asked for."""
    for value in ([{"a": 1}, {"a": 2}], {"a": [1, 2]}):
        run = sv.run(counted, config={"inputs": {"rows": {"value": value}}}, project=tmp_path)
        assert run.value() == 2
    with pytest.raises((InputError, sv.SolventError), match="a table is written as a list of rows"):
        sv.run(counted, config={"inputs": {"rows": {"value": 7}}}, project=tmp_path)


PROGRAM = """
from typing import NamedTuple
import polars as pl
import solvent as sv

class Pair(NamedTuple):
    left: int
    right: int

@sv.step
def pair(n: int) -> Pair:
    return Pair(n, n + 1)

@sv.step
def add(n: int, *, k: int) -> int:
    return n + k

@sv.step
def table(n: int) -> pl.DataFrame:
    return pl.DataFrame({"a": [n] * 10})

@sv.pipeline
def flow(n: int) -> int:
    made = pair(n)
    table(n)
    return add(made.left, k=made.right)
"""


@pytest.mark.slow
def test_the_commands_know_fed_settings_outputs_and_pipelines_that_never_ran(tmp_path):
    """``plan`` shows a setting that a step gives, ``show pair.right`` its step, ``runs x`` that there is no such."""
    (tmp_path / "prog.py").write_text(PROGRAM)

    def solvent(*words):
        return subprocess.run([sys.executable, "-m", "solvent", *words], cwd=tmp_path, capture_output=True, text=True)

    planned = solvent("plan", "prog:flow", "--set", "inputs.n.value=2")
    assert planned.returncode == 0 and "k = what pair.right gives" in planned.stdout
    drawn = solvent("plan", "prog:flow", "--set", "inputs.n.value=2", "--mermaid").stdout
    assert "-- k -->" in drawn
    ran = solvent("run", "prog:flow", "--set", "inputs.n.value=2")
    assert ran.returncode == 0 and "left threads behind" not in ran.stdout + ran.stderr
    shown = solvent("show", "pair.right", "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["name"] == "pair"
    missing = solvent("runs", "flo")
    assert missing.returncode == 2 and "no pipeline 'flo' ran" in missing.stderr and "flow" in missing.stderr


@sv.step
def square(n: int) -> int:
    """One item."""
    return n * n


@sv.pipeline
def squares(ns: list[int], flag: int) -> list[int]:
    """Maps over what is given."""
    return more(square.map(ns), flag)


@sv.step
def more(ns: list[int], flag: int) -> list[int]:
    """All of them, and one more."""
    return [*ns, flag]


def test_why_of_inputs_and_mapped_steps_is_true(tmp_path):
    """An input that is the same is not said to have a new version; what has no key is not reused from None."""
    for flag in (1, 2):
        run = sv.run(squares, config={"inputs": {"ns": {"value": [1, 2]}, "flag": {"value": flag}}}, project=tmp_path)
    assert run["square"].status == "reused"
    with sv.open(tmp_path) as project:
        assert project.why(f"{run.id}/inputs/ns").verdict == "ran: looked at again, and the same as in squares-1"
        assert project.why(f"{run.id}/inputs/ns").changes == ()
        assert project.why(f"{run.id}/square").verdict == "reused: each of its items was"
        flagged = project.why(f"{run.id}/inputs/flag")
        assert flagged.verdict == "ran: not the same as in squares-1" and flagged.changes
        assert [change.name for change in project.why(f"{run.id}/more").changes] == ["flag"]


@sv.step
def one_more(n: int) -> int:
    """For each."""
    print("item", n)
    return n + 1


@sv.pipeline
def each(ns: dict[str, int]) -> dict[str, int]:
    """A mapped step."""
    return one_more.map(ns)


def test_an_item_that_only_an_earlier_run_has_is_found_there(tmp_path):
    """A bare reference with an item means the last run with such an item; one that no run has is told of as before."""
    first = sv.run(each, inputs={"ns": {"a": 1, "b": 2}}, project=tmp_path)
    sv.run(each, inputs={"ns": {"a": 1, "c": 3}}, project=tmp_path)
    project = sv.open(tmp_path)
    assert find_step(project, "one_more[b]")[0].id == first.id
    assert find_step(project, "one_more[a]")[0].id != first.id
    with pytest.raises(NotFound, match=r"has no step 'one_more\[z\]'"):
        find_step(project, "one_more[z]")
