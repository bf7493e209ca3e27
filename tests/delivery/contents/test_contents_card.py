"""The card, the lock and the reference of a bundle: they hang on what was packed alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from solvent.data.drift import drift
from solvent.delivery import Bundle, pack
from solvent.delivery.contents.wording import plain_text, word_card
from solvent.learn.tables.rows import frame_of


def test_packing_again_gives_the_same_bundle(small: Any) -> None:
    """Nothing of the time, the user or the machine is in the bundle: the digest is the same."""
    again = pack(small.predictor, small.report, small.test, small.train, golden=30, owner="the *shop* team")
    assert again.digest == small.bundle.digest


def test_the_card_tells_what_was_recorded(small: Any) -> None:
    """Figures with intervals and gains, the request's columns, limits, owner and requirements."""
    card = small.bundle.card
    assert card["target"] == "late" and card["owner"] == "the *shop* team" and card["training"] == {"rows": 600}
    figure = card["figures"]["log_loss"]
    assert figure["better"] == "less" and figure["low"] <= figure["value"] <= figure["high"]
    assert set(figure["gain"]) == {"value", "low", "high", "p"}
    assert [one["name"] for one in card["columns"]] == [name for name in small.train.columns if name != "late"]
    assert card["requirements"] == small.bundle.manifest["requirements"]
    said = " ".join(card["limits"])
    assert "never saw a missing value in sure, count, kind, day, hour, local, at" in said
    assert "cannot be told from the best constant answer" in said or "worse than" in said


def test_the_lock_of_the_manifest_is_the_file(small: Any) -> None:
    """``requirements.txt`` pins every package, in order, and the digest covers it."""
    lines = small.bundle.files["requirements.txt"].decode().splitlines()
    assert lines == [f"{name}=={version}" for name, version in sorted(small.bundle.manifest["requirements"].items())]
    assert set(small.bundle.manifest["imports"]) >= {"numpy", "polars", "solvent"}


def test_nothing_in_a_card_is_markup(small: Any) -> None:
    """Names of columns, values and owners are shown as they are, and cannot make a table or a link."""
    text = small.bundle.files["card.md"].decode()
    assert "the \\*shop\\* team" in text and "blue\\|" in text
    assert plain_text("<script>\n[x](y)") == "\\<script\\> \\[x\\](y)"
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| at ")}
    assert widths == {6}
    assert word_card(json.loads(json.dumps(small.bundle.card))) == text


def test_the_reference_is_a_side_of_a_comparison(small: Any) -> None:
    """Rows like those of training are no drift from it, and others are."""
    reference = small.bundle.reference
    assert reference.columns.rows == 600 and reference.predictions.column("probability_True")["kind"] == "number"
    same = frame_of(small.train).drop("late")
    assert not drift(reference.columns, same).drifted
    moved = same.with_columns(same["count"] + 100)
    assert list(drift(reference.columns, moved).drifted) == ["count"]


def test_without_training_rows_there_is_no_reference_and_the_card_says_so(small: Any) -> None:
    """They are an input of packing, and never looked up."""
    made = pack(small.predictor, small.report, small.test, golden=10)
    assert made.reference is None and made.card is not None
    assert made.card["training"] is None and "no profile of the training rows" in made.card["limits"][-1]
    assert made.digest != small.bundle.digest


def test_a_bundle_of_before_is_read(small: Any) -> None:
    """One without card, lock and reference opens, and has none of them."""
    files = {name: data for name, data in small.bundle.files.items() if name.startswith(("blobs/", "golden", "report"))}
    manifest = {**small.bundle.manifest, "requirements": {"solvent": "0.1.0"}}
    manifest["files"] = {name: manifest["files"][name] for name in files}
    old = Bundle({**files, "bundle.json": json.dumps(manifest).encode()})
    assert old.card is None and old.reference is None
    assert old.predictor.predict([small.bundle.golden[0]["row"]]) is not None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"files": 1}', b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_none_is_named(body: bytes) -> None:
    """Whatever stands in its place, the error is one of Solvent's own."""
    from solvent.errors import Corrupted

    with pytest.raises(Corrupted, match=r"bundle\.json"):
        Bundle({"bundle.json": body})
