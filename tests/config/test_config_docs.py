"""The page on settings tells the truth: its files load, and its errors are the very ones that come."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Literal

import pytest

from solvent.config import REQUIRED, Setting, bind, load_settings
from solvent.config.block import OPTIONS, TOP, WORDS
from solvent.errors import Problem, SettingsError

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "settings.md"


def part(name: str) -> str:
    """The fenced block below a mark of the page."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, name
    return found[1]


def test_its_file_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with the profile, whose database replaces the files and hides its password."""
    (tmp_path / "flights.yaml").write_text(part("file: flights.yaml"))
    settings = load_settings([tmp_path / "flights.yaml"], root=tmp_path, profile="prod")
    assert settings.root_block.child("train").settings["target"].value == "late"
    assert set(settings.inputs["flights"].value) == {"database", "table"} and list(settings.secrets()) == ["SHOP_PW"]


def test_its_errors_are_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings that it shows as wrong give exactly the messages that it shows."""
    monkeypatch.delenv("NOT_SET_HERE", raising=False)
    space = {"Literal": Literal}
    exec(compile(part("signature"), "page", "exec", dont_inherit=True), space)
    specs = [
        Setting(name, one.annotation, REQUIRED if one.default is one.empty else one.default)
        for name, one in inspect.signature(space["train"]).parameters.items()  # type: ignore[arg-type]
        if one.kind is one.KEYWORD_ONLY
    ]
    (tmp_path / "flights.yaml").write_text(part("wrong"))
    settings = load_settings([tmp_path / "flights.yaml"], root=tmp_path)
    problems: list[Problem] = []
    bind(specs, {}, settings.root_block.child("train"), where="steps.train", problems=problems)
    assert str(SettingsError([*problems, *settings.unread()])) + "\n" == part("error")
    (tmp_path / "flights.yaml").write_text(part("unreadable"))
    with pytest.raises(SettingsError) as caught:
        load_settings([tmp_path / "flights.yaml"], root=tmp_path)
    assert str(caught.value) + "\n" == part("unreadable-error")


def test_every_word_is_explained() -> None:
    """Each word of the top, of a block and of options stands on the page."""
    text = PAGE.read_text(encoding="utf-8")
    assert [word for word in (*TOP, *WORDS, *OPTIONS) if f"`{word}`" not in text] == []
