"""A pipeline's body is plain Python that is run once; what it calls becomes the graph, and nothing else can be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

import solvent as sv
from solvent.config import load_settings
from solvent.errors import DefinitionError, PlanError
from solvent.graph.promise import Promise, node_of
from solvent.graph.wiring import Ground, wire


class Parts(NamedTuple):
    """Two outputs."""

    train: list[int]
    test: list[int]


@sv.step
def load(*, rows: int = 3) -> list[int]:
    """Make numbers."""
    return list(range(rows))


@sv.step
def split(rows: list[int], *, share: float = 0.5, seed: int = sv.required) -> Parts:
    """Split numbers."""
    return Parts(rows[:1], rows[1:])


@sv.step
def add(left: list[int], right: list[int] | None = None, *more: list[int], plus: int = 0) -> int:
    """Add numbers."""
    return sum(left) + plus


@sv.step
def text(number: int) -> str:
    """Make text."""
    return str(number)


@sv.step
def flag(number: int) -> bool:
    """Decide."""
    return number > 3


def _wire(pipeline, settings=None, **data):
    loaded = load_settings([settings or {}], root=Path.cwd())
    ground = Ground(lambda kind: False, lambda path: 42, None)
    graph = wire(pipeline, data, loaded.root_block, ground)
    return graph, [str(one) for one in [*ground.problems, *loaded.unread()]]


def test_calls_become_nodes_with_their_data_and_settings():
    """Each call is a node; promises are its edges, settings its own, a seed is derived where none is given."""

    @sv.pipeline
    def flow() -> int:
        parts = split(load(rows=5))
        return add(parts.train, parts.test, plus=2)

    graph, problems = _wire(flow, {"steps": {"split": {"share": 0.25}}})
    assert problems == []
    assert list(graph.nodes) == ["load", "split", "add"]
    assert graph.nodes["split"].settings["share"].value == 0.25
    assert graph.nodes["split"].settings["seed"].value == 42
    assert graph.nodes["load"].settings["rows"].value == 5
    assert node_of(graph.nodes["add"].data["right"])[:2] == ("split", "test")
    assert graph.nodes["add"].needs() == {"split"}
    assert node_of(graph.result)[:2] == ("add", "value")


def test_a_record_of_promises_can_be_unpacked():
    """A NamedTuple result is that very class filled with promises: fields, unpacking and _asdict work."""

    @sv.pipeline
    def flow() -> Any:
        parts = split(load())
        assert type(parts) is Parts
        train, test = parts
        assert set(parts._asdict()) == {"train", "test"}
        return add(train, test)

    assert list(_wire(flow)[0].nodes) == ["load", "split", "add"]


MISUSES = {
    "if": lambda p: 1 if p else 2,
    "attribute": lambda p: p.mean,
    "set": lambda p: setattr(p, "x", 1),
    "add": lambda p: p + 1,
    "radd": lambda p: 1 + p,
    "eq": lambda p: p == 1,
    "lt": lambda p: p < 1,
    "len": len,
    "iter": list,
    "unpack": lambda p: (lambda a, b: a)(*p),
    "item": lambda p: p[0],
    "in": lambda p: 1 in p,
    "call": lambda p: p(),
    "int": int,
    "float": float,
    "index": lambda p: [1, 2][p],
    "str": str,
    "f-string": lambda p: f"{p}",
    "neg": lambda p: -p,
    "abs": abs,
    "with": lambda p: p.__enter__(),
}


@pytest.mark.parametrize("misuse", MISUSES.values(), ids=MISUSES)
def test_anything_but_handing_on_a_promise_is_refused(misuse):
    """Each other use of a promise is a PlanError that names this file and the way out."""

    @sv.pipeline
    def flow() -> Any:
        return misuse(add(load()))

    with pytest.raises(PlanError, match=r"test_graph_wiring.py:\d+: the result of 'add' .* in a step"):
        _wire(flow)


def test_two_steps_of_one_name_are_refused_with_both_places():
    """A second use needs a name of its own, and `named` gives it one with its own settings."""

    @sv.pipeline
    def twice() -> Any:
        return add(load(), load())

    with pytest.raises(PlanError, match=r"two steps are called 'load' .*load\.named\("):
        _wire(twice)

    @sv.pipeline
    def named() -> Any:
        return add(load(), load.named("again")())

    graph, problems = _wire(named, {"steps": {"again": {"rows": 9}}})
    assert problems == []
    assert graph.nodes["load"].settings["rows"].value == 3
    assert graph.nodes["again"].settings["rows"].value == 9


def test_an_edge_of_the_wrong_type_is_refused_when_the_plan_is_made():
    """A str cannot go where an int is asked for; the error names both steps, both types and the line."""

    @sv.pipeline
    def flow() -> Any:
        return text(text.named("first")(add(load())))

    with pytest.raises(
        PlanError, match=r"test_graph_wiring.py:\d+: 'text' asks for int as 'number', and 'first' is str"
    ):
        _wire(flow)


def test_elements_of_lists_are_checked_too():
    """A list of promises is checked item by item."""

    @sv.step
    def count(items: list[int]) -> int:
        return len(items)

    @sv.pipeline
    def good() -> Any:
        return count([add(load()), 7])

    @sv.pipeline
    def bad() -> Any:
        return count([text(add(load()))])

    assert "count" in _wire(good)[0].nodes
    with pytest.raises(PlanError, match="'count' asks for int"):
        _wire(bad)


def test_a_pipeline_nests_with_settings_of_its_own():
    """A nested pipeline's block holds its settings and its steps; its nodes carry its name."""

    @sv.pipeline
    def prep(rows: list[int], *, horizon: int = 7) -> int:
        return add(rows, plus=horizon)

    @sv.pipeline
    def flow() -> int:
        return prep(load())

    graph, problems = _wire(flow, {"steps": {"prep": {"horizon": 3, "steps": {"add": {}}}}})
    assert problems == []
    assert list(graph.nodes) == ["load", "prep/add"]
    assert graph.nodes["prep/add"].settings["plus"].value == 3


def test_a_pipeline_that_uses_itself_is_a_cycle():
    """Recursion of pipelines is found and named."""

    @sv.pipeline
    def flow(n: int = 1) -> Any:
        return flow(add(load()))

    with pytest.raises(PlanError, match="'flow' uses itself"):
        _wire(flow, n=1)


def test_settings_fed_by_a_step_are_edges_and_cannot_be_named_in_files():
    """A promise may feed a setting; then the file may not name it."""

    @sv.pipeline
    def flow() -> Any:
        return add(load(), plus=add.named("first")(load.named("second")()))

    graph, problems = _wire(flow)
    assert problems == []
    assert graph.nodes["add"].needs() == {"load", "first"}
    _, problems = _wire(flow, {"steps": {"add": {"plus": 3}}})
    assert len(problems) == 1 and "steps.add.plus is fed by a step" in problems[0]


def test_what_a_step_gives_to_a_setting_has_to_fit_it():
    """The annotations decide it when the pipeline is wired, as for data; a number fits a wider one."""

    @sv.pipeline
    def wrong(number: int) -> int:
        return add(number, number, plus=text(number))

    @sv.pipeline
    def right(number: int) -> int:
        return add(number, number, plus=add.named("inner")(number, 1))

    with pytest.raises(PlanError, match="'add' asks for int as 'plus', and 'text' is str"):
        _wire(wrong, number=3)
    _, problems = _wire(right, number=3)
    assert problems == []


def test_all_faults_of_settings_come_at_once():
    """Unknown settings, wrong types, missing values and unknown steps are reported together."""

    @sv.step
    def train(rows: list[int], *, target: str = sv.required, depth: int = 3) -> int:
        return depth

    @sv.pipeline
    def flow() -> Any:
        return train(load())

    _, problems = _wire(flow, {"steps": {"train": {"dept": 4, "depth": "deep"}, "lod": {"rows": 1}}})
    text = "\n".join(problems)
    assert "target" in text
    assert "depth" in text and "deep" in text
    assert "dept" in text and "Did you mean 'depth'?" in text
    assert "lod" in text and "Did you mean 'load'?" in text


def test_a_map_is_one_node_whose_items_come_later():
    """`map` gives a list of what the step makes, or a dict where its items have keys."""

    @sv.step
    def groups() -> dict[str, int]:
        return {"a": 1}

    @sv.step
    def join(texts: dict[str, str]) -> str:
        return ""

    @sv.pipeline
    def flow() -> str:
        return join(text.map(groups()))

    graph, problems = _wire(flow)
    assert problems == []
    assert graph.nodes["text"].kind == "map"
    assert node_of(graph.nodes["join"].data["texts"])[2] == dict[str, str]


def test_a_mapped_pipeline_is_wired_once_as_a_template():
    """The inner nodes of a mapped pipeline stand in its template, fed by the item."""

    @sv.pipeline
    def both(rows: list[int]) -> str:
        return text(add(rows))

    @sv.pipeline
    def flow(items: list[list[int]]) -> Any:
        return both.map(items)

    graph, problems = _wire(flow, items=Promise("inputs/items", "value", list[list[int]]))
    assert problems == []
    assert list(graph.nodes) == ["both"]
    assert list(graph.nodes["both"].template.nodes) == ["both/add", "both/text"]
    assert graph.nodes["both"].needs() == {"inputs/items"}


def test_when_guards_what_it_calls():
    """The guarded step needs the flag; a flag that is no boolean is refused."""

    @sv.pipeline
    def flow() -> Any:
        number = add(load())
        return sv.when(flag(number), text, number)

    graph, problems = _wire(flow)
    assert problems == []
    assert graph.nodes["text"].needs() == {"add", "flag"}

    @sv.pipeline
    def wrong() -> Any:
        number = add(load())
        return sv.when(number, text, number)

    with pytest.raises(PlanError, match="needs a boolean"):
        _wire(wrong)


def test_data_and_settings_cannot_be_confused():
    """Too many data arguments, unknown keywords and missing data are PlanErrors with the line."""

    @sv.pipeline
    def many() -> Any:
        return text(add(load()), 3)

    @sv.pipeline
    def unknown() -> Any:
        return add(load(), plsu=3)

    @sv.pipeline
    def missing() -> Any:
        return text()

    for flow, words in ((many, "takes 1 data argument"), (unknown, "Did you mean 'plus'"), (missing, "needs data")):
        with pytest.raises(PlanError, match=rf"test_graph_wiring.py:\d+.*{words}"):
            _wire(flow)


def test_outside_a_pipeline_a_step_is_its_function():
    """A call computes, checks its settings, and records nothing."""
    assert add([1, 2], plus=4) == 7
    assert split([1, 2, 3], seed=1) == Parts([1], [2, 3])
    assert add.raw([1]) == 1
    assert text.map([1, 2]) == ["1", "2"]
    assert text.map({"a": 1}) == {"a": "1"}
    assert sv.when(True, text, 3) == "3"
    assert sv.when(False, text, 3) is None
    with pytest.raises(sv.SolventError, match="plus"):
        add([1], plus="many")
    with pytest.raises(sv.SolventError, match="seed"):
        split([1])


async def _async(x: int) -> int:
    return x


def _generator(x: int):
    yield x


def _keywords(x: int, **settings: int) -> int:
    return x


def _reserved(x: int, *, steps: int = 1) -> int:
    return x


class _Holder:
    def method(self, x: int) -> int:
        return x


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_async, "async"),
        (_generator, "generator"),
        (_keywords, r"\*\*settings"),
        (_Holder.method, "method"),
        (lambda x: x, "lambda"),
        (int, "not a function"),
        (3, "not a function"),
    ],
)
def test_what_cannot_be_a_step_is_refused_with_the_way_out(function, words):
    """Async functions, generators, **settings, methods, lambdas and classes are refused at their definition."""
    with pytest.raises(DefinitionError, match=words):
        sv.step(function)


def test_words_of_the_settings_file_cannot_name_parameters():
    """A parameter called like a reserved word is refused when the signature is read."""
    with pytest.raises(DefinitionError, match="'steps' is a word of the settings file"):
        _ = sv.step(_reserved).signature


@pytest.mark.parametrize(
    "options, said", [({"combine": 3}, "combine is a function"), ({"rowwise": "yes"}, "rowwise is True or")]
)
def test_options_that_make_no_sense_are_refused_where_the_step_is_defined(options, said):
    """Not when it runs, or never."""
    with pytest.raises(DefinitionError, match=said):
        sv.step(**options)(split.raw)
