"""${…}: other values, the environment, the run's date and defaults; circles and bombs are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from solvent.config import Secret, load_settings, validate
from solvent.errors import SettingsError


def variables(mapping: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The free values after interpolation."""
    settings = load_settings([{"vars": mapping}], root=Path(), **more)
    return {name: leaf.value for name, leaf in settings.vars.items()}


def problems(mapping: dict[str, Any], **more: Any) -> list[str]:
    """What interpolation complains of."""
    with pytest.raises(SettingsError) as caught:
        variables(mapping, **more)
    return [one.what for one in caught.value.problems]


def test_a_whole_value_keeps_its_type(tmp_path: Path) -> None:
    """Numbers, lists and mappings come through a lone reference as they are; quotes around it do not matter."""
    (tmp_path / "a.yaml").write_text("""\
vars: {n: 3, l: [1, 2], m: {a: 1}}
settings: {n: "${vars.n}", l: "${vars.l}", m: "${vars.m}", first: "${vars.l.0}", in: ["${vars.n}", {k: "${vars.m}"}]}
""")
    leafs = load_settings([tmp_path / "a.yaml"], root=tmp_path).root_block.settings
    assert validate(leafs["n"].value, int, from_file=True) == 3
    assert validate(leafs["l"].value, list[int], from_file=True) == [1, 2]
    assert validate(leafs["m"].value, dict[str, int], from_file=True) == {"a": 1}
    assert validate(leafs["first"].value, int, from_file=True) == 1
    assert validate(leafs["in"].value, Any, from_file=True) == [3, {"k": {"a": 1}}]
    assert str(leafs["n"].origin) == "a.yaml:2"


def test_a_part_of_a_text_is_text() -> None:
    """Inside of a text numbers and truths are written as a file would have them."""
    made = variables({"n": 3, "t": True, "f": 0.5, "x": "a-${vars.n}-${vars.t}-${vars.f}"})
    assert made["x"] == "a-3-true-0.5"


def test_any_path_can_be_named() -> None:
    """Steps' settings, the seed, inputs: whatever stands in the settings, through other references too."""
    sources: list[Any] = [{
        "seed": 7,
        "inputs": {"rows": {"files": "a.csv"}},
        "steps": {"train": {"seed": "${seed}", "deep": "${vars.params.b}"}},
        "vars": {"params": "${vars.base}", "base": {"b": "${steps.train.seed}"}, "file": "${inputs.rows.files}"},
    }]  # fmt: skip
    settings = load_settings(sources, root=Path())
    assert settings.root_block.child("train").settings["deep"].value == 7
    assert settings.vars["file"].value == "a.csv"


def test_set_reaches_what_refers_to_it() -> None:
    """Interpolation comes after all layers, so a set variable counts everywhere."""
    settings = load_settings([{"vars": {"t": "a"}, "settings": {"x": "${vars.t}!"}}], root=Path(), sets=["vars.t=b"])
    assert settings.root_block.settings["x"].value == "b!"


def test_escape() -> None:
    """'$${' is a brace that stays one, however often the value is handed on; a lone dollar is a dollar."""
    made = variables(
        {"a": "$${vars.b} $ $5 $$", "b": "${vars.a}", "m": {"x": "$${no}"}, "n": "${vars.m}", "o": "${vars.n.x}"}
    )
    assert made["a"] == "${vars.b} $ $5 $$" == made["b"]
    assert made["n"] == {"x": "${no}"} and made["o"] == "${no}"


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is text that the annotation types; what it holds is not looked into again."""
    monkeypatch.setenv("SOLVENT_TEST_A", "12")
    monkeypatch.setenv("SOLVENT_TEST_B", "${vars.x}")
    monkeypatch.setenv("SOLVENT_TEST_C", "")
    made = variables({"a": "${env:SOLVENT_TEST_A}", "b": "${env:SOLVENT_TEST_B}", "c": "${env:SOLVENT_TEST_C:d}"})
    assert validate(made["a"], int, from_file=True) == 12 and validate(made["a"], str, from_file=True) == "12"
    assert made["b"] == "${vars.x}" and validate(made["c"], str, from_file=True) == ""


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a colon stands what counts if there is nothing: typed by the annotation, itself a reference if need be."""
    monkeypatch.delenv("SOLVENT_TEST_GONE", raising=False)
    made = variables({
        "a": "${env:SOLVENT_TEST_GONE:5}", "b": "${vars.gone:[1, 2]}", "c": "${env:SOLVENT_TEST_GONE:${vars.d}}",
        "d": 9, "e": "x${vars.gone:}y", "f": "${env:SOLVENT_TEST_GONE:http://a:80/}", "g": "${vars.gone:a-${vars.d}}",
    })  # fmt: skip
    assert validate(made["a"], int, from_file=True) == 5 and validate(made["b"], list[int], from_file=True) == [1, 2]
    assert made["c"] == 9 and made["e"] == "xy" and made["f"] == "http://a:80/" and made["g"] == "a-9"


def test_the_date_of_the_run() -> None:
    """${run.date} is the UTC date of the start; a file or --set can say another; it is in the record."""
    now = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    source: dict[str, Any] = {"vars": {"day": "${run.date}"}}
    settings = load_settings([source], root=Path(), now=now)
    assert settings.vars["day"].value == "2025-12-31"
    assert settings.to_json()["run"]["date"] == {"value": "2025-12-31", "origin": "the run's start"}
    replayed = load_settings([source], root=Path(), now=now, sets=["run.date=2026-11-01"])
    assert replayed.vars["day"].value == "2026-11-01" and str(replayed.run_date and replayed.run_date.origin) == "--set"
    today = load_settings([source], root=Path()).vars["day"].value
    assert abs(datetime.fromisoformat(today).replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(days=2)
    with pytest.raises(SettingsError, match=r"run\.date: expected a date such as 2013-09-01, got text 'soon'"):
        load_settings([source], root=Path(), sets=["run.date=soon"])


def test_circles_are_named_once() -> None:
    """The whole way round is shown; what only leads into the circle is not blamed."""
    assert problems({"a": "${vars.b}", "b": "x${vars.c}", "c": "${vars.a}", "d": "${vars.a}"}) == [
        "vars.c: the values refer to each other in a circle: vars.a → vars.b → vars.c → vars.a"
    ]
    assert problems({"me": "${vars.me}"}) == ["vars.me: the values refer to each other in a circle: vars.me → vars.me"]
    [fault] = problems({"all": "${vars}"})
    assert "circle: vars.all → vars.all" in fault


def test_what_leads_nowhere() -> None:
    """Every reference without a target is a problem, with the nearest name or the way out."""
    assert problems(
        {
            "target": 1,
            "l": [1],
            "m": {},
            "a": "${vars.targt}",
            "b": "${target}",
            "c": "${env:SOLVENT_TEST_NOT}",
            "d": "${vars.target.x}",
            "e": "${vars.l.3}",
            "f": "${run.time}",
            "g": "${}",
            "h": "${vars.x",
            "i": "${env:}",
            "j": "${secret:a b}",
            "k": "x${vars.m}",
            "n": ["${vars.nope}"],
        }
    ) == [
        "vars.a: 'vars.targt' is not set in these settings. Did you mean 'target'?",
        "vars.b: 'target' is not set at the top. Did you mean ${vars.target}?",
        "vars.c: the environment variable 'SOLVENT_TEST_NOT' is not set. Set it, or give a default: "
        "${env:SOLVENT_TEST_NOT:…}",
        "vars.d: 'vars.target.x' is not there: 'vars.target' is a single value. Set it, or give a default: "
        "${vars.target.x:…}",
        "vars.e: 'vars.l' has only 1 elements. Set it, or give a default: ${vars.l.3:…}",
        "vars.f: 'run.time' is not known; of a run, ${run.date} can be had. Set it, or give a default: ${run.time:…}",
        "vars.g: '${}' names nothing; write ${vars.name}",
        "vars.h: a '${' is not closed by '}'. To write it as it is, write '$${'",
        "vars.i: '${env:}' names nothing; write ${env:NAME}",
        "vars.j: a secret cannot be called 'a b': letters, digits, '_', '-' and '.' make a name",
        "vars.k: ${vars.m} is a mapping, which cannot stand in the middle of a text",
        "vars.n: 'vars.nope' is not set in these settings. Set it, or give a default: ${vars.nope:…}",
    ]


def test_a_bomb_of_references_is_refused() -> None:
    """Neither lists nor texts that double at each step fill the memory."""
    lists = {"a0": ["x"] * 10} | {f"a{n}": [f"${{vars.a{n - 1}}}"] * 10 for n in range(1, 12)}
    assert any("make more than 100000 values" in one for one in problems(lists))
    texts = {"a0": "x" * 100} | {f"a{n}": f"${{vars.a{n - 1}}}" * 10 for n in range(1, 12)}
    assert any("1000000 characters" in one for one in problems(texts))


def test_a_long_chain_is_refused_not_crashed() -> None:
    """A thousand references one behind the other end in a message."""
    chain: dict[str, Any] = {f"a{n}": f"${{vars.a{n + 1}}}" for n in range(1000)} | {"a1000": 1}
    assert any("lead further than 32 values" in one for one in problems(chain))


def test_a_secret_in_a_text_makes_it_a_secret() -> None:
    """However it comes there: directly, through a variable, or in a list."""
    made = variables({
        "whole": "${secret:PW}", "url": "postgresql://${vars.user}:${vars.whole}@h/$${db}", "user": "u",
        "list": ["a", "b-${secret:PW}"], "low": "${secret:PW:none}",
    })  # fmt: skip
    assert all(isinstance(made[name], Secret) for name in ("whole", "url", "low")) and made["list"][0] == "a"
    assert made["url"].to_reference() == "postgresql://u:${secret:PW}@h/$${db}"
    assert made["url"].reveal({"PW": "x"}.__getitem__) == "postgresql://u:x@h/${db}"
    assert made["low"].reveal({}.__getitem__) == "none"
