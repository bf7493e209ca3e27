"""Sources, extends, profiles and --set: which layer wins, what it beat, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solvent.config import Settings, load_settings
from solvent.errors import SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a base file, one that extends it, and profiles in both."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "base.yaml").write_text("""\
seed: 1
steps:
  train: {rate: 0.1, depth: 3, layers: [1, 2, 3]}
profiles:
  prod: {steps: {train: {rate: 0.3}}, vars: {who: base}}
  dev: {seed: 5}
""")
    (tmp_path / "conf" / "run.yaml").write_text("""\
extends: base.yaml
steps:
  train:
    rate: 0.2
    layers: [4]
profiles:
  prod: {vars: {who: run}}
""")
    return tmp_path


def values(settings: Settings, step: str = "train") -> dict[str, object]:
    """The settings of a step as they stand."""
    return {name: leaf.value for name, leaf in settings.root_block.child(step).settings.items()}


def problems(*sources: object, root: Path, **more: object) -> list[str]:
    """What loading complains of."""
    with pytest.raises(SettingsError) as caught:
        load_settings(list(sources), root=root, **more)  # type: ignore[arg-type]
    return [str(one) for one in caught.value.problems]


def test_the_last_layer_wins_and_remembers(folder: Path) -> None:
    """extends < file < profile < --set; mappings are merged, lists replaced, and the chain of the beaten is kept."""
    path = folder / "conf" / "run.yaml"
    settings = load_settings([path], root=folder, profile="prod", sets=["steps.train.rate=0.4"])
    assert values(settings) == {"rate": "0.4", "depth": "3", "layers": ["4"]}
    leaf = settings.root_block.child("train").settings["rate"]
    assert str(leaf.origin) == "--set"
    assert [(value, str(origin)) for value, origin in leaf.beat] == [
        ("0.3", "base.yaml:5"), ("0.2", "conf/run.yaml:4"), ("0.1", "base.yaml:3")
    ]  # fmt: skip
    assert settings.vars["who"].value == "run"  # a profile of the file beats that of what it extends


def test_sources_are_merged_left_to_right(folder: Path) -> None:
    """A list of files and dicts is layered in its order."""
    settings = load_settings([folder / "base.yaml", {"steps": {"train": {"depth": 9}}}], root=folder)
    assert values(settings) == {"rate": "0.1", "depth": 9, "layers": ["1", "2", "3"]}
    assert str(settings.root_block.child("train").settings["depth"].beat[0][1]) == "base.yaml:3"


def test_extends_is_relative_to_the_root_then_to_the_file(folder: Path) -> None:
    """The root goes first; only what is not there is looked for beside the file; lists go left to right."""
    (folder / "conf" / "near.yaml").write_text("seed: 30")
    (folder / "conf" / "base.yaml").write_text("seed: 99")
    (folder / "conf" / "two.yaml").write_text("extends: [base.yaml, near.yaml]")
    settings = load_settings([folder / "conf" / "two.yaml"], root=folder)
    assert settings.seed is not None and settings.seed.value == "30"
    assert [value for value, _ in settings.seed.beat] == ["1"]


def test_extends_goes_across_formats_and_in_dicts(folder: Path) -> None:
    """A TOML file and a dict extend a YAML file."""
    (folder / "t.toml").write_text('extends = "base.yaml"\nseed = 4\n')
    for source in (folder / "t.toml", {"extends": "base.yaml", "seed": 4}):
        settings = load_settings([source], root=folder)
        assert settings.seed is not None and settings.seed.value == 4 and values(settings)["depth"] == "3"


def test_a_circle_of_extends_is_named(tmp_path: Path) -> None:
    """The message shows the whole way round; a file that extends itself too."""
    (tmp_path / "a.yaml").write_text("seed: 1\nextends: b.yaml")
    (tmp_path / "b.yaml").write_text("extends: a.yaml")
    (tmp_path / "c.yaml").write_text("extends: c.yaml")
    assert problems(tmp_path / "a.yaml", root=tmp_path) == [
        "b.yaml:1: extends: the files extend each other in a circle: a.yaml → b.yaml → a.yaml"
    ]
    assert problems(tmp_path / "c.yaml", root=tmp_path) == [
        "c.yaml:1: extends: the files extend each other in a circle: c.yaml → c.yaml"
    ]


def test_extends_that_leads_nowhere(tmp_path: Path) -> None:
    """A missing file, a number and an interpolation are refused where they stand."""
    (tmp_path / "a.yaml").write_text("extends:\n  - gone.yaml\n  - {x: 1}\n  - ${vars.x}")
    assert problems(tmp_path / "a.yaml", root=tmp_path) == [
        "a.yaml:3: extends: expected the path of a file, or a list of such",
        "a.yaml:4: extends: expected the path of a file, or a list of such",
        "a.yaml:2: extends: there is no file 'gone.yaml', seen from the project's root or from the file itself",
    ]


def test_two_ways_to_one_base(tmp_path: Path) -> None:
    """A diamond of extends is no circle."""
    (tmp_path / "base.yaml").write_text("seed: 1")
    (tmp_path / "l.yaml").write_text("extends: base.yaml")
    (tmp_path / "r.yaml").write_text("extends: base.yaml\nname: r")
    settings = load_settings([{"extends": ["l.yaml", "r.yaml"]}], root=tmp_path)
    assert settings.name is not None and settings.name.value == "r"


def test_an_unknown_profile(folder: Path) -> None:
    """It is an error that names the nearest one, or those that there are."""
    assert problems(folder / "base.yaml", root=folder, profile="prd") == [
        "--profile: there is no profile 'prd'. Did you mean 'prod'?"
    ]
    assert problems(folder / "base.yaml", root=folder, profile="xyz") == [
        "--profile: there is no profile 'xyz'. There are: dev, prod."
    ]
    assert problems({}, root=folder, profile="prod") == [
        "--profile: there is no profile 'prod'. These settings have no profiles."
    ]


def test_profiles_hold_settings_only(tmp_path: Path) -> None:
    """A profile that is no mapping, or that extends, is refused; an empty one is fine."""
    source = {"profiles": {"a": 3, "b": {"extends": "x.yaml"}, "c": None}}
    assert problems(source, root=tmp_path, profile="a") == ["code: profiles.a: expected a mapping of settings"]
    assert problems(source, root=tmp_path, profile="b") == [
        "code: profiles.b.extends: 'extends' stands at the top only"
    ]
    load_settings([source], root=tmp_path, profile="c")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.2", "0.2"),
        ("a: b # c", "a: b # c"),
        ("[1, a]", ["1", "a"]),
        ("{a: 1}", {"a": "1"}),
        ('"007"', "007"),
        ("", ""),
        ("a=b", "a=b"),
        ("*.csv", "*.csv"),
        ("-1", "-1"),
    ],
)
def test_set_takes_one_value(text: str, value: object) -> None:
    """A list, a mapping or a quoted text as YAML writes them; anything else is one scalar, whatever it holds."""
    settings = load_settings([], root=Path(), sets=[f"vars.x={text}"])
    assert settings.vars["x"].value == value


def test_set_builds_and_merges() -> None:
    """Paths are made where they are missing, a part in quotes may hold dots, the last of two wins."""
    sets = ["steps.a.x=1", "steps.a.y=2", "steps.a.x=3", 'vars."a.b".c=4', "steps.a.with={p: 1}", "steps.a.with.q=2"]
    settings = load_settings([], root=Path(), sets=sets)
    block = settings.root_block.child("a")
    assert {name: leaf.value for name, leaf in block.settings.items()} == {"x": "3", "y": "2"}
    assert block.settings["x"].beat[0][0] == "1"
    assert settings.vars["a.b"].value == {"c": "4"}
    assert {name: leaf.value for name, leaf in block.with_.items()} == {"p": "1", "q": "2"}


def test_set_that_is_wrong() -> None:
    """Every faulty --set is named, all at once."""
    sets = ["seed", "=1", "a..b=1", "vars.x=[1", "extends=x.yaml", 'vars."a=1']
    assert problems(root=Path(), sets=sets) == [
        "--set: 'seed' sets nothing: write it as a.b.c=value",
        "--set: '=1': the path '' has an empty part",
        "--set: 'a..b=1': the path 'a..b' has an empty part",
        "--set: 'vars.x=[1': the value is no YAML: did not find expected ',' or ']'. Is the indentation the same as "
        "above, and is every bracket and quote closed?",
        "--set: 'extends' stands in a file only, it cannot be set",
        "--set: 'vars.\"a=1': a quote in the path 'vars.\"a' is not closed",
    ]


def test_another_use_drops_what_belonged_to_the_old() -> None:
    """with and steps go, settings and options stay; the same use again merges its with."""
    low = {
        "steps": {"fit": {"use": "a:A", "with": {"x": 1}, "steps": {"s": {}}, "target": "t", "options": {"cpus": 2}}}
    }
    other = {"steps": {"fit": {"use": "b:B", "with": {"y": 2}}}}
    same = {"steps": {"fit": {"use": "a:A", "with": {"y": 2}}}}
    block = load_settings([low, other], root=Path()).root_block.child("fit")
    assert set(block.with_) == {"y"} and block.children == () and set(block.settings) == {"target"}
    assert block.use is not None and block.use.beat[0][0] == "a:A" and set(block.options) == {"cpus"}
    assert set(load_settings([low, same], root=Path()).root_block.child("fit").with_) == {"x", "y"}


def test_another_source_of_an_input_replaces_the_old() -> None:
    """files beside database would be two sources; only the same kind is merged."""
    low = {"inputs": {"rows": {"files": "a.csv", "types": {"id": "int64"}}}}
    for high, expected in (
        ({"database": "sqlite:///x", "table": "t"}, {"database": "sqlite:///x", "table": "t"}),
        ({"files": "b.csv"}, {"files": "b.csv", "types": {"id": "int64"}}),
        ({"types": {"x": "str"}}, {"files": "a.csv", "types": {"id": "int64", "x": "str"}}),
    ):
        settings = load_settings([low, {"inputs": {"rows": high}}], root=Path())
        assert settings.inputs["rows"].value == expected


def test_an_empty_value_takes_away(tmp_path: Path) -> None:
    """A block with nothing after its name in a higher layer says: nothing of what was said below."""
    (tmp_path / "a.yaml").write_text("steps:\n  train:\n")
    settings = load_settings([{"steps": {"train": {"rate": 1}}}, tmp_path / "a.yaml"], root=tmp_path)
    assert not settings.root_block.child("train").settings


def test_unknown_words_at_the_top(tmp_path: Path) -> None:
    """Each is named with its line and the nearest word, or with where such things stand."""
    (tmp_path / "a.yaml").write_text("step: {}\nlearning_rate: 3\noptions: {}\nseeed: 2")
    found = problems(tmp_path / "a.yaml", root=tmp_path)
    assert found[0] == "a.yaml:1: step: there is no such word at the top of settings. Did you mean 'steps'?"
    assert found[1].endswith(
        "A step's settings stand under steps.NAME, the pipeline's under settings, free values under vars."
    )
    assert found[2].endswith("Options stand in a step's own block: steps.NAME.options.")
    assert found[3].endswith("Did you mean 'seed'?")


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """Two broken files, a broken --set, a missing profile and an unknown word are one error."""
    (tmp_path / "a.yaml").write_text("a: [1")
    (tmp_path / "b.yaml").write_text("seed: 1\nseed: 2\nbogus: 1")
    found = problems(tmp_path / "a.yaml", tmp_path / "b.yaml", root=tmp_path, sets=["x"], profile="p")
    assert len(found) == 5
    with pytest.raises(SettingsError, match="5 problems in the settings"):
        load_settings([tmp_path / "a.yaml", tmp_path / "b.yaml"], root=tmp_path, sets=["x"], profile="p")


def test_the_shape_is_checked(tmp_path: Path) -> None:
    """Blocks, inputs and options are mappings, options are known ones, the seed is whole: each with its line."""
    (tmp_path / "a.yaml").write_text("""\
seed: fast
inputs: [a]
vars: 3
run: {time: 1}
pipeline: [a]
steps:
  a: 5
  b: {options: {cpu: 2, gpus: 1}, use: {x: 1}, with: 1}
  c: {steps: {d: {options: 3}}}
""")
    assert problems(tmp_path / "a.yaml", root=tmp_path) == [
        "a.yaml:1: seed: expected a whole number, got text 'fast'",
        "a.yaml:3: vars: expected a mapping of names to values, got the number 3",
        "a.yaml:4: run.time: of a run only 'date' can be set",
        "a.yaml:2: inputs: expected a mapping of names to values, got a list",
        "a.yaml:5: pipeline: expected a pipeline written 'module:name'",
        "a.yaml:7: steps.a: expected a mapping of names to values, got the number 5",
        "a.yaml:8: steps.b.use: expected 'module:name' or a short name",
        "a.yaml:8: steps.b.with: expected a mapping of names to values, got the number 1",
        "a.yaml:8: steps.b.options.cpu: there is no option 'cpu'. Did you mean 'cpus'?",
        "a.yaml:9: steps.c.steps.d.options: expected a mapping of names to values, got the number 3",
    ]


def test_to_json_is_json_with_origins() -> None:
    """The merged settings are plain JSON; text that a number would change stays text, NaN never shows."""
    sources = [
        {"vars": {"a": 1, "nan": float("nan"), "inf": float("-inf"), "f": Path, "p": Path("x"), "o": object()}},
        {"vars": {"a": {"b": "2"}, "l": [1.5, None]}},
    ]
    made = load_settings(sources, root=Path(), sets=["vars.v=3.10", "vars.n=7", "vars.z=0.5"]).to_json()
    text = json.dumps(made, allow_nan=False)
    back = json.loads(text)["vars"]
    assert back["v"] == {"value": "3.10", "origin": "--set"} and back["n"]["value"] == 7 and back["z"]["value"] == 0.5
    assert back["nan"]["value"] == ".nan" and back["inf"]["value"] == "-.inf"
    assert back["f"]["value"] == "pathlib:Path" and back["o"]["value"] == "<object of builtins:object>"
    assert back["a"]["b"] == {"value": "2", "origin": "code"}
    assert back["a"][""]["beat"] == [{"value": 1, "origin": "code"}]
    assert "0x" not in text
