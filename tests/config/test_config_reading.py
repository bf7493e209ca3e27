"""YAML and TOML become trees with lines; whatever is wrong with a file is said with its line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given
from hypothesis import settings as examples

from solvent.config import load_settings
from solvent.config.leaf import Leaf, Text
from solvent.config.typed import validate
from solvent.errors import SettingsError


def load(folder: Path, text: str | bytes, name: str = "s.yaml"):
    """The settings of one file."""
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return load_settings([folder / name], root=folder)


def faults(folder: Path, text: str | bytes, name: str = "s.yaml") -> list[str]:
    """What is wrong with one file."""
    with pytest.raises(SettingsError) as caught:
        load(folder, text, name)
    return [str(one) for one in caught.value.problems]


def test_scalars_of_yaml_stay_text(tmp_path: Path) -> None:
    """A scalar is kept as it was written, with whether it stood in quotes."""
    leaf = load(tmp_path, 'vars: {a: 010, b: "010", c: !!str 5, d: !!int "5", e: 3.10}').vars
    assert [(str(one.value), one.value.quoted) for one in leaf.values()] == [
        ("010", False), ("010", True), ("5", True), ("5", False), ("3.10", False)
    ]  # fmt: skip


def test_every_leaf_knows_its_line(tmp_path: Path) -> None:
    """Origins are file:line, also inside of lists and of mappings in lists."""
    settings = load(tmp_path, "vars:\n  a: 1\n  b:\n    - 1\n    - {c: 2,\n       d: 3}\n")
    leaf = settings.vars["b"]
    assert str(settings.vars["a"].origin) == "s.yaml:2"
    assert [str(leaf.at(path)) for path in ((0,), (1,), (1, "d"), (7, "x"))] == [
        "s.yaml:4", "s.yaml:5", "s.yaml:6", "s.yaml:3"
    ]  # fmt: skip


def test_lines_of_other_line_ends_and_of_unicode(tmp_path: Path) -> None:
    """Windows line ends, a byte order mark, and names beyond ASCII change no line."""
    settings = load(tmp_path, "\ufeffvars:\r\n  größe: 1\r\n  数: '値'\r\n".encode())
    assert str(settings.vars["größe"].origin) == "s.yaml:2"
    assert settings.vars["数"].value == "値" and settings.vars["数"].origin.line == 3


def test_double_keys_are_all_refused_with_both_lines(tmp_path: Path) -> None:
    """Each double key is a problem of its own, at any depth."""
    assert faults(tmp_path, "seed: 1\nvars:\n  a: 1\n  b: {c: 1, c: 2}\n  a: 2\nseed: 3\n") == [
        "s.yaml:4: the key 'c' stands here a second time; the first is in line 4",
        "s.yaml:5: the key 'a' stands here a second time; the first is in line 3",
        "s.yaml:6: the key 'seed' stands here a second time; the first is in line 1",
    ]


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    """Aliases repeat, '<<' takes in, explicit keys win wherever they stand, the first of several wins."""
    text = """vars:
  one: &one {a: 1, b: 1}
  two: &two {b: 2, c: 2}
  both: {c: 3, <<: [*one, *two]}
  again: {<<: *one, a: 9}
  same: *two
  word: {"<<": 1}
"""
    values = {name: leaf.value for name, leaf in load(tmp_path, text).vars.items()}
    assert values["both"] == {"a": "1", "b": "1", "c": "3"}
    assert values["again"] == {"a": "9", "b": "1"}
    assert values["same"] == {"b": "2", "c": "2"} and values["word"] == {"<<": "1"}


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    """Nine levels of ten aliases would be a billion values; reading stops at a hundred thousand."""
    lines = ["vars:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    [fault] = faults(tmp_path, "\n".join(lines))
    assert fault == "s.yaml:6: with its aliases written out the file has more than 100000 values"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("vars:\n\ta: 1", "s.yaml:2: a tab stands where YAML wants spaces"),
        ("- a", "s.yaml:1: settings are a mapping of names to values, and this is a list"),
        ("\n42", "s.yaml:2: settings are a mapping of names to values, and this is a single value"),
        ("seed: 1\n---\nseed: 2", "s.yaml:2: a second document starts here; settings are one document"),
        ("vars: *x", "s.yaml:1: the alias *x stands for nothing: no &x comes before it"),
        ("vars: &x [*x]", "s.yaml:1: the alias *x stands inside of what it stands for"),
        ("vars: {[a]: 1}", "s.yaml:1: a key is a single word or text, not a list or a mapping"),
        ("?\n: 1", "s.yaml:1: a key is a single word or text, and there is none before this ':'"),
        ("vars: {<<: 3}", "s.yaml:1: '<<' takes in a mapping, or a list of mappings, and this is neither"),
        (
            "vars: !!python/object/apply:os.system [true]",
            "s.yaml:1: the tag tag:yaml.org,2002:python/object/apply:os.system is not allowed in settings",
        ),
        ("vars: !mine 3", "s.yaml:1: the tag !mine is not allowed in settings"),
        ("vars: !!binary aGk=", "s.yaml:1: the tag tag:yaml.org,2002:binary is not allowed in settings"),
        ("a: 1\nb: \x00", "s.yaml:2: the character #x0000 is not allowed in YAML"),
        ("vars: " + "[" * 3000, "s.yaml:1: settings are nested deeper than 64 levels here"),
        ("a: b: c", "s.yaml:1: mapping values are not allowed in this context. Is a ':' missing, a text with ':' not "
                    "in quotes, or the indentation off?"),
        ("vars:\n  a: @b", "s.yaml:2: found character that cannot start any token. A text that starts with this "
                           "character needs quotes."),
    ],
)  # fmt: skip
def test_hostile_yaml_is_refused_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    """Nothing is constructed, nothing is guessed, and the message names the line."""
    assert faults(tmp_path, text) == [fault]


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "---\n", "null", "~"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    """A file with no settings is one without faults."""
    assert load(tmp_path, text).pipeline is None


def test_files_that_are_no_text(tmp_path: Path) -> None:
    """Encoding errors name line and byte; folders, missing files and other endings are named for what they are."""
    assert faults(tmp_path, b"a: 1\nb: caf\xe9\n") == ["s.yaml:2: the byte 0xe9 is not UTF-8; save the file as UTF-8"]
    assert faults(tmp_path, "seed: 1".encode("utf-16")) == ["s.yaml: the file is in UTF-16; save it as UTF-8"]
    assert faults(tmp_path, "seed = 1", "s.ini") == [
        "s.ini: settings are written in files that end in .yaml, .yml, .toml"
    ]
    (tmp_path / "d.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"d\.yaml: this is a folder, not a settings file"):
        load_settings([tmp_path / "d.yaml"], root=tmp_path)
    with pytest.raises(SettingsError, match=r"s\.yml: there is no such file\. Did you mean 's\.yaml'\?"):
        load_settings([tmp_path / "s.yml"], root=tmp_path)


def test_the_flagship_file(tmp_path: Path) -> None:
    """The settings that the design shows load as they stand, and every step finds what it needs."""
    settings = load(tmp_path, FLAGSHIP, "flights.yaml")
    assert settings.pipeline is not None and settings.pipeline.value == "flights:delays"
    assert settings.inputs["weather"].value == {"files": "data/weather.csv"}
    assert settings.seed is not None and validate(settings.seed.value, int, from_file=True) == 7
    fit = settings.root_block.child("fit")
    assert fit.use is not None and fit.use.value == "flights_features:Features"
    assert fit.with_["columns"].value == ["carrier", "origin", "dest", "hour", "wind_speed"]
    assert fit.settings["target"].value == "late" and str(fit.settings["target"].origin) == "flights.yaml:9"
    gates = settings.root_block.child("deploy").settings["gates"]
    assert validate(gates.value, dict[str, dict[str, float]], from_file=True) == {
        "roc_auc": {"min": 0.7, "not_below_champion": 0.002}
    }
    assert settings.root_block.children == ("time_split", "fit", "train", "evaluate", "deploy")


def test_three_dots_are_text(tmp_path: Path) -> None:
    """'...' inside a line is a word, not the end of the document."""
    assert load(tmp_path, "vars: {a: ...}").vars["a"].value == "..."


def test_toml_has_types_and_lines(tmp_path: Path) -> None:
    """TOML's own types stay, and every key is found again: in tables, dotted, quoted, inline, in lists of tables."""
    settings = load(tmp_path, TOML, "s.toml")
    block = settings.root_block.child("train")
    assert {name: (leaf.value, leaf.origin.line) for name, leaf in block.settings.items()} == {
        "rate": (0.1, 5), "a.b": ("x = 3\n[no]\n", 6), "list": ([1, {"k": 1, "j": {"z": 2}}], 10), "on": (True, 14)
    }  # fmt: skip
    assert block.settings["list"].at((1, "j", "z")).line == 12
    many = settings.root_block.child("many").settings["rows"]
    assert many.value == [{"x": 1}, {"x": 2, "sub": {"y": {"a": "}", "b": "'"}}}]
    assert many.at((1, "sub", "y")).line == 20
    assert validate(block.settings["rate"].value, float, from_file=True) == 0.1
    with pytest.raises(ValueError, match=r"expected a whole number, got the number 0\.1"):
        validate(block.settings["rate"].value, int, from_file=True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("seed = 1\na = 'x'\nseed = 2", "s.toml:3: the key 'seed' stands here a second time; the first is in line 1"),
        ("[vars]\na = 1\n[vars]\nb = 1", "s.toml:3: the key 'vars' stands here a second time; the first is in line 1"),
        ("vars.a = 1\nvars = 2", "s.toml:2: the key 'vars' stands here a second time; the first is in line 1"),
        ("vars = {a = 1, a = 2}", "s.toml:1: the key 'vars.a' stands here a second time; the first is in line 1"),
        ("seed = ", "s.toml:1: invalid value"),
        ("vars = " + "[" * 5000, "s.toml: settings are nested deeper than 64 levels"),
    ],
)  # fmt: skip
def test_toml_that_is_wrong(tmp_path: Path, text: str, fault: str) -> None:
    """Syntax errors and double keys have their lines."""
    assert faults(tmp_path, text, "s.toml") == [fault]


def test_python_dicts_hold_live_objects() -> None:
    """A dict is a source like a file: its objects stay themselves, its lists are copied, and it may not hold itself."""
    thing, items = object(), [1, [2]]
    leafs = load_settings([{"vars": {"thing": thing, "items": items}}], root=Path()).vars
    items.append(3)
    assert leafs["thing"].value is thing and leafs["items"].value == [1, [2]]
    assert isinstance(leafs["thing"], Leaf) and str(leafs["thing"].origin) == "code"
    ring: dict = {}
    ring["vars"] = ring
    with pytest.raises(SettingsError, match="holds itself"):
        load_settings([ring], root=Path())


@given(
    place=st.integers(0, 500),
    cut=st.integers(0, 9),
    more=st.text(st.sampled_from("{}[]:,&*!|>'\"%@`#-?$= \n\t~<a1\\\x00é\u2028"), max_size=3),
    toml=st.booleans(),
)
@examples(max_examples=300, deadline=None, derandomize=True)
def test_a_damaged_file_loads_or_says_why(place: int, cut: int, more: str, toml: bool) -> None:
    """Whatever is deleted from or typed into a file: settings come, or a SettingsError, never anything else."""
    text = TOML if toml else FLAGSHIP
    place %= len(text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("s.toml" if toml else "s.yaml")
        path.write_text(text[:place] + more + text[place + cut :], encoding="utf-8", newline="")
        try:
            json.dumps(load_settings([path], root=Path(folder)).to_json(), allow_nan=False)
        except SettingsError as error:
            assert all(str(problem.where).startswith(path.name) for problem in error.problems)


def test_without_the_c_library_it_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where yaml is installed without libyaml its own parser gives the same tree."""
    import yaml

    made = load(tmp_path, FLAGSHIP).to_json()
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    again = load(tmp_path, FLAGSHIP).to_json()
    assert {**again, "run": made["run"]} == made


def test_text_is_text() -> None:
    """A kept scalar is a str in every respect."""
    assert Text("a") == "a" and hash(Text("a", True)) == hash("a") and isinstance(Text("a"), str)


FLAGSHIP = """\
pipeline: flights:delays
inputs:
  flights: {files: "data/flights/*.parquet"}
  weather: {files: data/weather.csv}
seed: 7
vars: {target: late}
steps:
  time_split: {column: time_hour, test: {from: 2013-09-01}}
  fit: {use: "flights_features:Features", with: {columns: [carrier, origin, dest, hour, wind_speed]}, TARGET}
  train: {TARGET, learning_rate: 0.05}
  evaluate: {TARGET}
  deploy: {model: delays, gates: {roc_auc: {min: 0.7, not_below_champion: 0.002}}, BUDGETS}
""".replace("TARGET", 'target: "${vars.target}"').replace("BUDGETS", "budgets: {p99_ms: 20, size_mb: 50, peak_mb: 500}")

TOML = '''\
# a comment with [brackets]
seed = 7

[steps.train]   # another
rate = 0.1
"a.b" = """
x = 3
[no]
"""
list = [
  1,
  {k = 1, j.z = 2},  # inside
]
on = true
[[steps.many.rows]]
x = 1
[[steps.many.rows]]
x = 2
[steps.many.rows.sub]
y = {a = "}", b = "'"}
'''
