"""Words of text: what a word is, which get a column, and the same answer from a frame, a record and a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from solvent.delivery.runtime.answering import OnnxPredictor
from solvent.delivery.runtime.convert import convert
from solvent.learn import TabularFeatures, assemble, fit, train, transform
from solvent.learn.wording import choose_words, marks_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Call 0900-555 NOW!", {"call", "0", "now", "!"}),
        ("ÄPFEL für 3€", {"äpfel", "für", "0", "€"}),
        ("a_b  a\tb", {"a", "b"}),
        ("", set()),
        ("…", set()),
        ("İstanbul", {"i", "stanbul"}),
    ],
)
def test_words_are_letters_in_lower_case_one_number_and_a_few_signs(text: str, words: set[str]) -> None:
    """Also of other alphabets; what lower case takes apart is two words, in training as in a request."""
    assert words_of(text) == words


def test_words_that_tell_about_the_target_get_a_column() -> None:
    """The rare word that decides comes before frequent ones that tell nothing, for classes and for numbers."""
    random = np.random.default_rng(0)
    late = random.random(600) < 0.3
    noise = [f"{a} {b}" for a, b in random.choice(list("abcdefghij"), (600, 2))]
    texts = [
        f"{one} storm" if hit and place % 3 == 0 else one
        for place, (one, hit) in enumerate(zip(noise, late, strict=True))
    ]
    assert "storm" not in choose_words(texts, None, 5, 10)
    for target in (pl.Series(late), pl.Series(np.where(late, "late", "fine")), pl.Series(late * 3.5)):
        assert "storm" in choose_words(texts, target, 5, 10)
        assert choose_words(texts, target, 5, 10) == choose_words(texts, target, 5, 10)
    assert choose_words([None, "", "x"], None, 5, 1) == ["x"]
    assert marks_of(["x y", None, "Y!"], ["y", "x"]).tolist() == [[1, 1], [0, 0], [1, 0]]


def test_text_is_answered_alike_from_a_frame_a_record_and_a_graph() -> None:
    """With nulls, unseen words, other alphabets and the bare minimum."""
    random = np.random.default_rng(1)
    late = random.random(500) < 0.5
    words = [["delay", "wait", "sorry"], ["boarding", "gate", "open"]]
    texts: list[Any] = [
        " ".join(random.choice(words[int(not hit)], 2)) + f" gate {random.integers(99)} {n}"
        for n, hit in enumerate(late)
    ]
    texts[::50] = [None] * 10
    rows = pl.DataFrame({"said": texts, "late": late})
    features = fit(rows, target="late")
    assert isinstance(features.inner, TabularFeatures) and {"delay", "open"} <= set(features.inner.texts["said"])
    assert "words: " in features.inner.explain()["said"]
    predictor = assemble(features, train(transform(features, rows), target="late", seed=0, use=LogisticRegression))
    graph = OnnxPredictor.of(predictor, convert(predictor))
    asked = [{"said": one} for one in (*texts[:40], None, "", "DELAY!!", "ничего", "gate 7", "a" * 5000)]
    expected = predictor.answer(asked)
    frame = graph.answer(pl.DataFrame(asked, schema={"said": pl.String}))
    assert expected.probability is not None and frame.probability is not None
    np.testing.assert_allclose(frame.probability, expected.probability, atol=1e-9)
    records = graph.answer_records(asked)
    np.testing.assert_allclose(records.probability, expected.probability, atol=1e-9)  # type: ignore[arg-type]
    assert (expected.probability[:40].argmax(axis=1) == late[:40]).mean() > 0.9
