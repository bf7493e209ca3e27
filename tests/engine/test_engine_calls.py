"""A step run's call can be had again: each value that went in, in the type and structure that it had."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest

import solvent as sv
from solvent.engine.views.call import find_call
from solvent.errors import NoValue
from solvent.faces.cli.doing.debugging import scene


@dataclass(frozen=True)
class Limits:
    """Two bounds."""

    low: float
    high: float


class Parts(NamedTuple):
    """Two outputs."""

    left: int
    right: int


def double(x: int) -> int:
    """Code as a setting."""
    return 2 * x


@sv.step
def parts(n: int) -> Parts:
    """Two outputs of one step."""
    return Parts(n, n + 1)


@sv.step
def rows(n: int) -> pd.DataFrame:
    """A table in pandas."""
    return pd.DataFrame({"a": range(n)})


@sv.step
def told(
    n: int,
    *,
    pair: tuple[int, str] = (1, "a"),
    wait: dt.timedelta = dt.timedelta(hours=2),
    at: dt.date = dt.date(2024, 2, 29),
    limits: Limits = Limits(0.5, 2.0),
    weights: dict[str, float] | None = None,
    gap: float = math.nan,
    code: Any = double,
    token: sv.Secret | None = None,
    seed: int = sv.required,
) -> str:
    """Settings of every kind."""
    shown = [n, pair, wait, at, limits, weights, math.isnan(gap), code(4), token.reveal() if token else None, seed]
    return repr(shown)


@sv.step
def gathered(named: dict[str, int], several: list[int], both: Parts, table, *rest: int) -> str:
    """Data in every structure, and a parameter that says no type."""
    assert type(both) is Parts
    return repr((named, several, tuple(both), type(table).__module__.split(".")[0], rest))


@sv.step
def item(n: int, *, seed: int) -> int:
    """One of many, with a seed of its own."""
    return n + seed


@sv.pipeline
def everything(n: int) -> str:
    """Both of them."""
    one = parts(n)
    told(n)
    return gathered({"7": one.left, "a.b": one.right}, [one.left, one.right], one, rows(n), one.left, 9)


@sv.pipeline
def many(ns: list[int]) -> list[int]:
    """One step for each item."""
    return item.map(ns)


@sv.step
def fail(n: int) -> int:
    """Never."""
    raise ValueError(n)


@sv.step
def summed(ns: list[int]) -> int:
    """Add up."""
    return sum(ns)


@sv.step
def seen(n: int) -> list[str]:
    """What a step sees of itself."""
    here = sv.context()
    sv.log(n=n)
    return [here.run, here.name, here.item, str(here.folder)]


@sv.pipeline
def broken(n: int) -> int:
    """The second step is never reached."""
    return item(fail(n))


@sv.pipeline
def pairs(n: int) -> list[object]:
    """Items that are put together of several results."""
    one = parts(n)
    listed = summed.named("total").map([[one.left, one.right], [one.left]])
    keyed = summed.map({"x": [one.right], "y": [one.left, one.left]})
    return [listed, keyed]


@sv.pipeline
def many_seen(ns: list[int]) -> list[list[str]]:
    """One for each item."""
    return seen.map(ns)


def test_each_setting_comes_back_as_the_value_that_it_was(tmp_path, monkeypatch):
    """Tuples, spans of time, records, code, secrets and NaN, none of which is plain JSON."""
    monkeypatch.setenv("CRM", "hush-hush")
    config = {"steps": {"told": {"weights": {"x": 0.5}, "token": "${secret:CRM}"}}}
    made = sv.run(everything, config=config, inputs={"n": 3}, project=tmp_path)
    project = sv.open(tmp_path)
    call = find_call(project, "told")
    assert not call.lost and call.settings["code"] is double and call.settings["limits"] == Limits(0.5, 2.0)
    assert call.settings["pair"] == (1, "a") and call.settings["wait"] == dt.timedelta(hours=2)
    assert repr(call.settings["token"]) == "***"
    value = project.archive.get(made["told"].outputs["value"])
    assert scene(project, "told")["again"](reload=False) == value and "hush-hush" in value
    assert scene(project, "told")["again"](pair=(2, "b"), reload=False) == value.replace("(1, 'a')", "(2, 'b')")


def test_data_comes_back_in_the_structure_that_was_wired(tmp_path):
    """Dicts whose keys look like places, lists, records, what follows ``*``, and pandas where none is said."""
    made = sv.run(everything, inputs={"n": 3}, project=tmp_path).value()
    again = scene(sv.open(tmp_path), "gathered")["again"]
    assert again(reload=False) == made == repr(({"7": 3, "a.b": 4}, [3, 4], (3, 4), "pandas", (3, 9)))
    assert "(8,)" in again(rest=(8,), reload=False)


def test_a_reused_item_says_its_seed_and_can_be_tried_again(tmp_path):
    """The seed is derived for each item, and recorded whether the item ran or not."""
    sv.run(many, inputs={"ns": [1, 2]}, project=tmp_path)
    second = sv.run(many, inputs={"ns": [1, 2, 3]}, project=tmp_path)
    items = second["item"].items
    assert [one.status for one in items.values()] == ["reused", "reused", "ran"]
    assert all(isinstance(one.seed, int) for one in items.values())
    for name, one in items.items():
        names = scene(sv.open(tmp_path), f"last/item[{name}]")
        assert names["again"](reload=False) == names["n"] + one.seed


def test_what_was_no_call_is_said_in_one_line(tmp_path):
    """An input was read, and a mapped step was called for each item."""
    sv.run(many, inputs={"ns": [1, 2]}, project=tmp_path)
    with pytest.raises(NoValue, match="inputs/ns was read from a source"):
        find_call(sv.open(tmp_path), "inputs/ns")
    with pytest.raises(NoValue, match=r"a call for each item. Name one of them: item\["):
        find_call(sv.open(tmp_path), "item")


def test_what_was_never_called_is_said(tmp_path):
    """What was blocked by a failure has no inputs to stand ready."""
    sv.run(broken, inputs={"n": 1}, project=tmp_path, check=False)
    with pytest.raises(NoValue, match="item was blocked, and never called.*solvent show broken-1"):
        find_call(sv.open(tmp_path), "item")


def test_an_item_of_several_parts_comes_back(tmp_path):
    """Mapped over a list of lists and over a dict of them, of steps' results."""
    made = sv.run(pairs, inputs={"n": 3}, project=tmp_path)
    assert made.value() == [[7, 3], {"x": 4, "y": 6}]
    project = sv.open(tmp_path)
    names = scene(project, "summed[y]")
    assert names["ns"] == [3, 3] and names["again"](reload=False) == 6
    items = sorted(one.value() for one in made["total"].items.values())
    assert items == [3, 7]
    for name in made["total"].items:
        names = scene(project, f"total[{name}]")
        assert names["again"](reload=False) == sum(names["ns"])


def test_a_step_tried_again_has_its_context(tmp_path):
    """Whose run it was, and a folder of its own that is gone afterwards."""
    sv.run(many_seen, inputs={"ns": [1]}, project=tmp_path)
    (name,) = sv.open(tmp_path).run("last")["seen"].items
    run, step, item, folder = scene(sv.open(tmp_path), f"seen[{name}]")["again"](reload=False)
    assert (run, step, item) == ("many_seen-1", "seen", name)
    assert not Path(folder).exists()


def test_a_setting_that_only_shows_has_to_be_given(tmp_path):
    """A function without a name in a module cannot be had again, and ``again`` says what to do."""
    sv.run(everything, config={"steps": {"told": {"code": lambda x: x}}}, inputs={"n": 3}, project=tmp_path)
    again = scene(sv.open(tmp_path), "told")["again"]
    with pytest.raises(NoValue, match=r"give 'code' yourself, as in again\(code=…\)"):
        again(reload=False)
    assert again(code=double, reload=False).startswith("[3, ")


@sv.pipeline
def sub(n: int) -> int:
    """Two steps for each item."""
    return item(summed([n, 1]))


@sv.pipeline
def whole_items(ns: dict[str, int]) -> dict[str, int]:
    """A mapped pipeline."""
    return sub.map(ns)


def test_an_item_of_a_mapped_pipeline_can_be_named(tmp_path):
    """It is the step run that made the item's result; the value, the lineage and the call are its own."""
    made = sv.run(whole_items, inputs={"ns": {"acme": 1, "bolt": 2}}, project=tmp_path)
    project = sv.open(tmp_path)
    assert made["sub[acme]"].name == "sub/item[acme]"
    assert made["sub[bolt]"].value() == made.value()["bolt"] == project.load("last/sub[bolt]")
    names = {place.name for place in project.lineage("sub[acme]").places.values()}
    assert "sub/summed[acme]" in names and "sub/summed[bolt]" not in names
    assert scene(project, "sub[acme]")["n"] == 2
