"""Columns that know the target are found; columns that only tell much of it are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from solvent.learn import Audit, Finding, audit_leaks

N = 1400
Kind = Callable[[np.ndarray, np.random.Generator], object]


def table(task: str = "binary", **columns: Kind) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Six columns, of which three tell something of y together, and those that are asked for, made of y."""
    dice = np.random.default_rng(3)
    x = dice.normal(size=(N, 6))
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.7 * dice.normal(size=N)
    kinds = {
        "binary": (score > 0.5).astype(np.int64), "classes": np.digitize(score, [-0.5, 0.8]), "regression": score + 9,
        "boolean": score > 0.5, "text": np.where(score > 0.5, "yes", "no"),
    }  # fmt: skip
    y = kinds[task]
    number = (score > 0.5).astype(np.int64) if task in ("boolean", "text") else y
    made = {name: pl.Series(name, make(number, dice), strict=False) for name, make in columns.items()}
    rows = pl.DataFrame({f"x{place}": x[:, place] for place in range(6)} | {"y": y}).with_columns(
        kind=pl.Series(dice.choice(["a", "b", "c"], N)), **made
    )
    return rows[:1100], rows[1100:]


def audit(task: str = "binary", **columns: Kind) -> Audit:
    return audit_leaks(*table(task, **columns), target="y", seed=1)


def leaks(found: Audit) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.kind, one.columns) for one in found.findings if one.severity == "leak"]


def only(found: Audit) -> Finding:
    (one,) = found.findings
    return one


def noisy(share: float) -> Kind:
    return lambda y, dice: np.where(dice.random(N) < share, dice.permutation(y), y)


@pytest.mark.parametrize("task", ["classes", "text"])
def test_a_class_in_disguise_is_found(task: str) -> None:
    """As a code with a few faults, whatever the classes are; the figures are told."""
    found = audit(task, code=lambda y, dice: noisy(0.04)(y, dice) * 10 + dice.integers(0, 10, N))
    assert leaks(found) == [("disguise", ("code",))]
    one = only(found)
    assert one.figures["alone"] > one.figures["others"] and "ROC AUC" in one.evidence and "drop: [code]" in one.remedy


def test_a_class_in_disguise_as_text_is_found() -> None:
    """By the means of its values in the other folds."""
    found = audit(state=lambda y, dice: np.where(noisy(0.02)(y, dice) > 0, dice.choice(["gone", "going"], N), "here"))
    assert leaks(found) == [("disguise", ("state",))]


def test_a_number_in_disguise_is_found_and_a_half_hidden_one_is_hinted_at() -> None:
    """R² of 0.99 is a leak; one of 0.8 that beats all others is a hint."""
    found = audit("regression", price=lambda y, dice: y * (1 + 0.01 * dice.normal(size=N)))
    assert leaks(found) == [("disguise", ("price",))] and "R²" in only(found).evidence
    found = audit("regression", price=lambda y, dice: y + 0.65 * dice.normal(size=N))
    assert [one.severity for one in found.findings] == ["hint"] and found.passed


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_column_that_tells_much_is_no_leak(task: str) -> None:
    """A table that is easy altogether: each of three good columns tells less than the others together."""

    def easy(y: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        return y + 1.3 * y.std() * dice.normal(size=N)

    assert leaks(audit(task, good=easy, better=easy, best=easy)) == []


def test_one_of_two_columns_that_tells_most_is_a_hint_only() -> None:
    """With next to no other columns, that one tells more than the others says little."""
    dice = np.random.default_rng(0)
    x = dice.normal(size=N)
    rows = pl.DataFrame({"x": x, "z": dice.normal(size=N), "y": x + 0.4 * dice.normal(size=N) > 0})
    found = audit_leaks(rows[:1100], rows[1100:], target="y", seed=1)
    assert found.passed and [one.severity for one in found.findings] == ["hint"]


def test_sums_and_products_that_make_the_target_are_found() -> None:
    """Two or three columns that add up to it, that multiply to it, or whose sum tells two classes apart."""
    found = audit(
        "regression", base=lambda y, dice: y * 0.6 + dice.normal(size=N), tax=lambda y, dice: 0.4 * dice.normal(size=N)
    )
    assert leaks(found) == []
    rows = [one.with_columns(rest=pl.col("y") - pl.col("base") - pl.col("tax")) for one in table(
        "regression", base=lambda y, dice: y * 0.6 + dice.normal(size=N), tax=lambda y, dice: 2 * dice.normal(size=N)
    )]  # fmt: skip
    sums = [one for one in audit_leaks(*rows, target="y", seed=1).findings if one.kind == "sum"]
    assert [sorted(one.columns) for one in sums] == [["base", "rest", "tax"]] and sums[0].severity == "leak"
    rows = [one.with_columns(each=pl.col("y") / pl.col("many")) for one in table(
        "regression", many=lambda y, dice: dice.lognormal(1, 1, N)
    )]  # fmt: skip
    (one,) = [one for one in audit_leaks(*rows, target="y", seed=1).findings if one.kind == "sum"]
    assert sorted(one.columns) == ["each", "many"] and "product" in one.evidence
    rows = [one.with_columns(b=(2 * pl.col("y") - 1) * pl.col("size") - pl.col("a")) for one in table(
        a=lambda y, dice: dice.normal(size=N), size=lambda y, dice: 0.01 + np.abs(dice.normal(size=N))
    )]  # fmt: skip
    found = audit_leaks(*rows, target="y", drop=["size"], seed=1)
    assert [sorted(one.columns) for one in found.findings if one.kind == "sum"] == [["a", "b"]]


def test_columns_that_are_there_only_after_the_event_are_found() -> None:
    """There (or missing) only in rows of one class, even if not in all of these; of few rows it may be chance."""
    fee: Kind = lambda y, dice: [float(v) if k and v < 0.3 else None for k, v in zip(y, dice.random(N), strict=True)]  # noqa: E731
    found = audit(fee=fee)
    assert leaks(found) == [("after_event", ("fee",))] and only(found).figures["log10_p"] < -6
    left: Kind = lambda y, dice: [None if k and v < 0.3 else v for k, v in zip(y, dice.random(N), strict=True)]  # noqa: E731
    assert leaks(audit(left=left)) == [("after_event", ("left",))]
    few: Kind = lambda y, dice: [v if k and v < 0.02 else None for k, v in zip(y, dice.random(N), strict=True)]  # noqa: E731
    assert leaks(audit(few=few)) == []


def gaps(more: float, less: float, number: bool = False) -> Kind:
    def make(y: np.ndarray, dice: np.random.Generator) -> list[float | None]:
        high = y > np.quantile(y, 0.75) if number else y == y.max()
        lost = dice.random(N) < np.where(high, more, less)
        return [None if one else value for one, value in zip(lost, dice.normal(size=N), strict=True)]

    return make


@pytest.mark.parametrize("task", ["binary", "classes", "regression"])
def test_gaps_that_know_the_target_are_found(task: str) -> None:
    """Missing far more often in one class (or where the number is high), beyond what the other columns tell."""
    found = audit(task, late=gaps(0.8 if task == "regression" else 0.5, 0.05, task == "regression"))
    assert leaks(found) == [("missing", ("late",))] and only(found).figures["correlation"] > 0.04


def test_gaps_that_hang_on_other_columns_are_no_leak() -> None:
    """Missing at random, and missing where another column says so, which tells the target too."""
    assert audit(some=gaps(0.2, 0.2)).findings == ()
    rows = [one.with_columns(some=pl.when(pl.col("x0") > 0.5).then(None).otherwise(pl.col("x5"))) for one in table()]
    assert audit_leaks(*rows, target="y", seed=1).findings == ()
