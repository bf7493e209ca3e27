"""Notes of a version: added by people, kept for good, and shown as text that cannot be anything else."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from solvent.archive.catalog import models
from solvent.delivery.provenance.registered import registered_card, word_registered
from solvent.delivery.registry import find_model, load_bundle, note_version
from solvent.engine.project import Project, find_project
from solvent.errors import NotFound, UsageError
from solvent.faces.cli import solvent

HOSTILE = "Grüße 🚀 | <b>`x`</b>\n## Fake\n\x1b[2Jgone\u202egnp.exe\r\n[a](javascript:x) '; DROP TABLE versions; --"


@pytest.fixture
def project(tmp_path: Path, small: Any) -> Project:
    (tmp_path / "solvent.toml").write_text("")
    made = find_project(tmp_path)
    kept = made.archive.put(small.bundle).digest
    with made.catalog.write() as tx:
        version = models.register_version(tx, models.NewVersion("shop", kept, "ann", 1.0))
        models.judge_version(tx, "shop", version, models.JudgementRow("accepted", 2.0, "ann", None, {}))
        models.move_alias(tx, models.Move("shop", "champion", "ann", 3.0), version)
    return made


def _call(project: Project, *words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(solvent, ["--project", str(project.root), "models", *words], input=text)


def test_notes_are_added_and_none_is_overwritten(project: Project) -> None:
    """By any reference to the version, with who and when; shown by show, by --json and by the card, in their order."""
    assert _call(project, "note", "shop", "trained before the price change").exit_code == 0
    assert "shop v1 has the note" in _call(project, "note", "shop@v1", "-", text="first line\nsecond line\n").output
    assert note_version(project, "shop@champion", "trained before the price change").version == 1
    kept = models.list_notes(project.catalog, "shop", 1)
    assert [one.text for one in kept] == [
        "trained before the price change", "first line\nsecond line", "trained before the price change",
    ]  # fmt: skip
    assert all(one.user and one.at > 1e9 for one in kept) and kept[0].at >= kept[-1].at
    shown = _call(project, "show", "shop").output
    assert shown.index("trained before") < shown.index("first line\n    second line")
    assert [one["text"] for one in json.loads(_call(project, "show", "shop", "--json").output)["notes"]] == [
        one.text for one in kept
    ]
    card = _call(project, "card", "shop").output
    assert "## Notes" in card and "first line second line" in card
    assert load_bundle(project, "shop").digest == load_bundle(project, "shop@v1").digest


def test_hostile_text_stays_text(project: Project) -> None:
    """What was written is kept exactly; no terminal is moved, no Markdown is made, no statement is carried out."""
    assert _call(project, "note", "shop", "--", HOSTILE).exit_code == 0
    assert models.list_notes(project.catalog, "shop", 1)[0].text == HOSTILE
    shown = _call(project, "show", "shop").output
    assert "\x1b" not in shown and "\u202e" not in shown and "Grüße 🚀" in shown and "\n    ## Fake" in shown
    told = registered_card(project, find_model(project, "shop"), load_bundle(project, "shop"))
    assert told["notes"][0]["text"] == HOSTILE
    text = word_registered(told)
    assert "\n## Fake" not in text and "\x1b" not in text and "\u202e" not in text and "<b>" not in text
    assert r"\[a\](javascript" in text and text.count("## Notes") == 1
    assert models.list_models(project.catalog) == ["shop"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \n\t ", "the note is empty"),
        ("x" * 1_048_576, "characters, and 65,536 is the most"),
        ("a\0b", "it holds a zero character"),
        ("a\udc80b", "bytes that are not UTF-8"),
    ],
)
def test_what_is_no_note_is_refused_and_nothing_is_kept(project: Project, text: str, said: str) -> None:
    """Nothing, a megabyte, a zero character, half of a character; what is long and allowed is cut where it is shown."""
    with pytest.raises(UsageError, match=said):
        note_version(project, "shop", text)
    if "\udc80" not in text:
        refused = _call(project, "note", "shop", "-", text=text)
        assert refused.exit_code == 2 or isinstance(refused.exception, UsageError)
    assert models.list_notes(project.catalog, "shop", 1) == []
    note_version(project, "shop", "y" * 65_536)
    shown = _call(project, "show", "shop").output
    assert "(65,536 characters)" in shown and len(shown) < 2_000
    assert "y" * 65_536 in _call(project, "show", "shop", "--json").output


def test_a_note_needs_a_version(project: Project) -> None:
    """Names that there are not are answered with those that there are; none of it leaves a trace."""
    with pytest.raises(NotFound, match=r"has no version v7. It has: v1"):
        note_version(project, "shop@v7", "x")
    with pytest.raises(NotFound, match="there is no model 'shpo'. Did you mean 'shop'"):
        note_version(project, "shpo", "x")
    with pytest.raises(UsageError, match="has no version v9"), project.catalog.write() as tx:
        models.add_note(tx, "shop", 9, models.NoteRow(1.0, "ann", "x"))
    assert project.catalog.read("SELECT count(*) FROM version_notes")[0][0] == 0


def test_a_note_is_one_transaction_and_two_writers_lose_none(project: Project) -> None:
    """What fails leaves no note; four threads at once leave all of theirs, and the latest are shown."""
    with pytest.raises(RuntimeError), project.catalog.write() as tx:
        models.add_note(tx, "shop", 1, models.NoteRow(1.0, "ann", "never"))
        raise RuntimeError
    assert models.list_notes(project.catalog, "shop", 1) == []

    def write(number: int) -> None:
        for one in range(10):
            note_version(project, "shop", f"{number}-{one}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    kept = [one.text for one in models.list_notes(project.catalog, "shop", 1)]
    assert len(kept) == len(set(kept)) == 40
    shown = _call(project, "show", "shop").output
    assert "30 earlier notes" in shown and shown.count("  note ") == 10
