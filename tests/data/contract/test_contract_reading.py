"""A contract is read from YAML and JSON, every fault at once with its line, and written back the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.data.contract import Contract
from solvent.errors import SettingsError

GOOD = """
contract: contract.1
rows: {min: 10, severity: warn}
key: id
unique: [[a, b], {columns: [c, d], severity: quarantine}]
freshness: {column: day, within: 2 days}
extra: warn
columns:
  id: {type: int, nulls: 0, min: 0}
  day: {type: date, min: 2013-01-01, sorted: true}
  name:
    type: text
    severity: quarantine
    length: {min: 1, max: 5, severity: warn}
    values: {is: [01, yes, "a\\"\\u2028b"], others: 0.01}
    pattern: '[A-Z]{2}\\d+'
  x:
rules:
  - {name: r, when: "a > 1", check: "arr >= dep", severity: quarantine}
"""
BAD = """contrat: 1
rows: {min: -1, severity: wan}
key: [a, a]
unique: [a]
freshness: {column: day, within: soon}
columns:
  id:
    typ: int
    type: in64
    min: .inf
  b: {type: date, min: 5}
  c: {type: text, min: 5, pattern: '(x', values: [[1]]}
  d: {min: 5, max: 3, nulls: 3}
  e: {type: {is: int, severity: quarantine}}
rules:
  - {check: "a >< b"}
  - {check: "slep(3) = 1"}
  - {name: x}
  - {check: 1 = 2}
"""


def load(folder, text):
    """A contract written to a file, and read."""
    path = folder / "contract.yaml"
    path.write_text(text, encoding="utf-8")
    return Contract.load(path, "c.yaml")


def test_a_contract_means_what_its_yaml_says(tmp_path):
    """Types get one spelling, text stays text, and a column's severity is that of each of its demands."""
    contract = load(tmp_path, GOOD)
    name = contract.column("name")
    assert contract.column("id").demand("type").value == "int64"
    assert name.demand("values").value == ["01", "yes", 'a"\u2028b']
    assert (name.demand("values").severity, name.demand("length").severity) == ("quarantine", "warn")
    assert name.demand("type").severity == "fail"  # no row breaks a type by itself
    assert contract.column("x").required and contract.extra == "warn"
    assert [one.kind for one in contract.demands] == ["rows", "key", "together", "together", "freshness"]


def test_what_is_written_reads_back_the_same(tmp_path):
    """YAML and JSON of a contract give the same contract again, and the same digest."""
    contract = load(tmp_path, GOOD)
    again = load(tmp_path, contract.to_yaml())
    assert again == contract == Contract.from_json(contract.to_json())
    assert again.digest == contract.digest
    assert again.to_yaml() == contract.to_yaml()


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    """Unknown keys with the nearest known one, values that do not fit, rules that are none: each with file:line."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, BAD)
    told = {str(one.where): one.what for one in caught.value.problems}
    assert "Did you mean 'contract'?" in told["c.yaml:1"]
    assert "a column stands here twice" in told["c.yaml:3"]
    assert "[[a, b]]" in told["c.yaml:4"]
    assert "time span" in told["c.yaml:5"]
    assert "Did you mean 'type'?" in told["c.yaml:8"]
    assert "Did you mean 'int64'?" in told["c.yaml:9"]
    assert "5 is not a date" in told["c.yaml:11"]
    assert "unclosed group" in str(caught.value)
    assert "set aside" in told["c.yaml:14"]
    assert "character 4" in told["c.yaml:16"]
    assert "names no column" in told["c.yaml:19"]
    assert "no function 'slep'" in told["c.yaml:17"]
    assert len(caught.value.problems) == 20


def test_another_version_is_refused(tmp_path):
    """A contract of a version that is not known is not guessed at."""
    with pytest.raises(SettingsError, match=r"contract\.1"):
        load(tmp_path, "contract: contract.2\ncolumns: {a: {}}\n")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(name=TEXT, values=st.lists(TEXT, min_size=1, max_size=3), note=TEXT)
def test_hostile_names_and_values_survive_yaml(tmp_path_factory, name, values, note):
    """Whatever signs a name, a value or a note has, the YAML is one that reads back the same."""
    made = Contract.from_json({"columns": {name: {"type": "text", "values": values}}})
    noted = Contract(made.columns, notes={f"columns.{name}": note, f"columns.{name}.values": note, "rows": note})
    folder = tmp_path_factory.mktemp("yaml")
    assert load(folder, noted.to_yaml()) == made
