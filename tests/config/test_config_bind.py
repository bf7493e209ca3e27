"""bind gives a step its values: the outermost layer wins, faults are collected, unread keys are found."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from solvent.config import REQUIRED, Block, Bound, Origin, Setting, Settings, bind, load_settings
from solvent.errors import Problem


@dataclasses.dataclass(frozen=True)
class Tree:
    """Settings of one part."""

    depth: int = 3
    rate: float = 0.1


@dataclasses.dataclass(frozen=True)
class Params:
    """Settings with a part."""

    name: str = "n"
    tree: Tree = dataclasses.field(default_factory=Tree)


class Model(BaseModel):
    """A pydantic model."""

    a: int = Field(1, ge=0)
    b: float = 2.0


def block(mapping: dict[str, Any], name: str = "train") -> Block:
    """The block of one step."""
    return load_settings([{"steps": {name: mapping}}], root=Path()).root_block.child(name)


def bound(specs: list[Setting], code: dict[str, Any], mapping: dict[str, Any]) -> dict[str, Bound]:
    """What bind gives where nothing is wrong."""
    problems: list[Problem] = []
    made = bind(specs, code, block(mapping), where="steps.train", problems=problems)
    assert problems == []
    return made


def faults(specs: list[Setting], code: dict[str, Any], source: Block) -> list[str]:
    """What bind complains of."""
    problems: list[Problem] = []
    bind(specs, code, source, where="steps.train", problems=problems)
    return [str(one) for one in problems]


def test_the_outermost_wins_and_remembers() -> None:
    """Signature < code < settings, each with its origin and the chain of what it beat."""
    specs = [Setting("a", int, 1), Setting("b", int, 1), Setting("c", int, 1), Setting("d", int)]
    made = bound(specs, {"b": 2, "c": 2}, {"c": 3, "d": 4})
    code, signature = Origin("code"), Origin("signature")
    assert made == {
        "a": Bound(1, signature),
        "b": Bound(2, code, ((1, signature),)),
        "c": Bound(3, code, ((2, code), (1, signature))),
        "d": Bound(4, code),
    }


def test_faults_are_all_there_with_their_lines(tmp_path: Path) -> None:
    """Several settings, several faults inside one: each with the line where it stands."""
    (tmp_path / "flights.yaml").write_text("""\
steps:
  train:
    learning_rate: fast
    layers:
      - 1
      - many
    params:
      name: x
      tree:
        depth: deep
        dept: 3
""")
    source = load_settings([tmp_path / "flights.yaml"], root=tmp_path).root_block.child("train")
    specs = [
        Setting("learning_rate", float, 0.1),
        Setting("layers", list[int]),
        Setting("params", Params),
        Setting("target", str),
    ]
    assert faults(specs, {"layers": 3, "rate": 1}, source) == [
        "flights.yaml:3: steps.train.learning_rate: expected a number, got text 'fast'",
        "flights.yaml:6: steps.train.layers[1]: expected a whole number, got text 'many'",
        "flights.yaml:10: steps.train.params.tree.depth: expected a whole number, got text 'deep'",
        "flights.yaml:11: steps.train.params.tree.dept: Tree has no field 'dept'. Did you mean 'depth'?",
        "steps.train.target: this setting is required, and nothing gives it a value",
        "steps.train.rate: no such setting.",
    ]


def test_values_of_code_are_strict() -> None:
    """What the grammar of a file is owed, a call in Python is not: except an int for a float."""
    assert bound([Setting("r", float)], {"r": 1}, {})["r"].value == 1.0
    specs = [Setting("n", int), Setting("l", list[int]), Setting("p", Path), Setting("b", float)]
    assert faults(specs, {"n": "3", "l": (1,), "p": "x", "b": True}, Block.empty()) == [
        "steps.train.n: expected a whole number, got text '3'",
        "steps.train.l: expected a list, got a tuple",
        "steps.train.p: expected a path, got text 'x'",
        "steps.train.b: expected a number, got true",
    ]


def test_defaults_are_as_the_annotation_has_them() -> None:
    """An int default of a float is a float, a list is never shared, and a default against its annotation stays."""
    shared: list[int] = []
    specs = [Setting("r", float, 1), Setting("l", list[int], shared), Setting("n", int, None)]
    one, two = bound(specs, {}, {}), bound(specs, {}, {})
    assert type(one["r"].value) is float and one["n"].value is None
    one["l"].value.append(1)
    assert two["l"].value == [] and shared == []


def test_objects_are_overridden_field_by_field() -> None:
    """A mapping over a dataclass or model of the code changes what it names, at any depth, and keeps the rest."""
    params = Params("mine", Tree(9, 0.9))
    made = bound([Setting("p", Params)], {"p": params}, {"p": {"tree": {"rate": 1}}})
    assert made["p"].value == Params("mine", Tree(9, 1.0)) and params.tree.rate == 0.9
    assert bound([Setting("p", Params | None, params)], {}, {"p": {"name": "x"}})["p"].value == Params(
        "x", Tree(9, 0.9)
    )
    assert bound([Setting("m", Model, Model(a=5))], {}, {"m": {"b": 3}})["m"].value == Model(a=5, b=3.0)
    assert bound([Setting("p", Params | None, None)], {}, {"p": {"name": "x"}})["p"].value == Params("x")
    assert bound([Setting("d", dict[str, int], {"a": 1})], {}, {"d": {"b": 2}})["d"].value == {"b": 2}
    assert faults([Setting("m", Model, Model(a=5))], {}, block({"m": {"a": -1}})) == [
        "code: steps.train.m.a: expected greater than or equal to 0, got the number -1"
    ]
    assert faults([Setting("p", Params, params)], {}, block({"p": {"tree": {"dept": 1}, "nme": 2}})) == [
        "code: steps.train.p.tree.dept: Tree has no field 'dept'. Did you mean 'depth'?",
        "code: steps.train.p.nme: Params has no field 'nme'. Did you mean 'name'?",
    ]


def test_a_subclass_of_the_code_stays_one() -> None:
    """The object's own class is kept when its fields are overridden."""

    @dataclasses.dataclass(frozen=True)
    class Deep(Tree):
        more: int = 0

    made = bound([Setting("t", Tree, Deep(1, 0.5, 7))], {}, {"t": {"depth": 2}})
    assert made["t"].value == Deep(2, 0.5, 7)


def test_constraints_hold_everywhere() -> None:
    """Annotated is checked for values of files and of code."""
    spec = [Setting("r", Annotated[float, Field(gt=0)])]
    assert faults(spec, {"r": -1.0}, Block.empty()) == ["steps.train.r: expected greater than 0, got the number -1.0"]
    assert faults(spec, {}, block({"r": 0})) == ["code: steps.train.r: expected greater than 0, got the number 0.0"]
    assert bound(spec, {"r": 1}, {})["r"].value == 1.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A pipeline with a step, a nested pipeline, and a few slips."""
    (tmp_path / "a.yaml").write_text("""\
settings: {horizon: 7, horizn: 8}
vars: {never: used}
steps:
  train: {learning_rat: 0.1, target: late, with: {a: 1}, of: x, options: {cpus: 1}}
  prep:
    window: 3
    steps:
      clean: {strict: yes}
      claen: {strict: no}
  evalute: {target: late}
""")
    return load_settings([tmp_path / "a.yaml"], root=tmp_path)


def test_unread_keys_are_found_with_the_nearest_name(settings: Settings) -> None:
    """Every key and block that nothing took is a problem with its line; free values are not."""
    root = settings.root_block
    found: list[Problem] = []
    bind([Setting("horizon", int)], {}, root, where="settings", problems=found)
    train = root.child("train")
    bind([Setting("learning_rate", float, 0.1), Setting("target", str)], {}, train, where="steps.train", problems=found)
    assert root.child("evaluate").settings == {} and set(train.options) == {"cpus"}
    clean = root.child("prep").child("clean")
    bind([Setting("strict", bool)], {}, clean, where="", problems=found)
    assert found == []
    assert [str(one) for one in settings.unread()] == [
        "a.yaml:1: settings.horizn: the pipeline has no setting 'horizn'. Did you mean 'horizon'?",
        "a.yaml:4: steps.train.learning_rat: 'train' has no setting 'learning_rat'. Did you mean 'learning_rate'?",
        "a.yaml:4: steps.train.with: 'with' holds the arguments of what 'use' names at a role such as fit or train; "
        "this step has none",
        "a.yaml:4: steps.train.of: 'of' wires steps where no 'pipeline' is given; here the pipeline's code does",
        "a.yaml:6: steps.prep.window: 'prep' has no setting 'window'. It has no settings.",
        "a.yaml:9: steps.prep.steps.claen: 'prep' has no step 'claen'. Did you mean 'clean'?",
        "a.yaml:10: steps.evalute: the pipeline has no step 'evalute'. Did you mean 'evaluate'?",
    ]


def test_what_was_taken_is_not_unread(settings: Settings) -> None:
    """mark_read and the words' own properties count as taking; a block that was asked for is no unknown step."""
    train = settings.root_block.child("train")
    train.mark_read("learning_rat")
    train.mark_read("target")
    assert train.with_["a"].value == "1" and train.of is not None and train.options
    settings.root_block.child("evalute").mark_read("target")
    unread = [one.what.partition(":")[0] for one in settings.unread()]
    assert unread == ["settings.horizon", "settings.horizn", "steps.prep"]


def test_a_block_that_is_not_there_is_empty() -> None:
    """Its settings, words and children are empty, and reading it leaves no trace for others."""
    empty = Settings.empty().root_block.child("x").child("y")
    empty.mark_read("a", ["b"])
    assert (empty.use, empty.of, dict(empty.with_), dict(empty.options), empty.children) == (None, None, {}, {}, ())
    assert empty.settings == {} and Block.empty().child("z") is Block.empty() and list(Block.empty().unread()) == []
    assert Settings.empty().unread() == [] and Settings.empty().inputs == {} and Settings.empty().seed is None


def test_required_is_one_and_stays_one() -> None:
    """The sentinel survives copies and pickles as itself."""
    assert repr(REQUIRED) == "required" and pickle.loads(pickle.dumps(REQUIRED)) is REQUIRED
    assert dataclasses.replace(Setting("a", int)).default is REQUIRED
