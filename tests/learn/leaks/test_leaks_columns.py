"""Columns that were made of other rows are found: ids, means of the target, scales, answers, and the future."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from solvent.learn import Audit, assemble, audit_leaks, fit, train, transform

N = 1800
KINDS = [f"k{place}" for place in range(25)]


def table(seed: int = 0) -> pl.DataFrame:
    dice = np.random.default_rng(seed)
    x = dice.normal(size=(N, 4)).round(4)
    return pl.DataFrame({f"x{place}": x[:, place] for place in range(4)}).with_columns(
        kind=pl.Series(dice.choice(KINDS, N)),
        whole=pl.Series(dice.integers(0, 400, N).astype(float)),
        y=pl.Series(x[:, 0] + x[:, 1] + dice.normal(size=N) > 0),
    )


ROWS = table()


def audit(rows: pl.DataFrame, target: str = "y", **settings: object) -> Audit:
    return audit_leaks(rows[:1300], rows[1300:], target=target, seed=1, **settings)


def found(audited: Audit, severity: str = "leak") -> list[tuple[str, tuple[str, ...]]]:
    return [(one.kind, one.columns) for one in audited.findings if one.severity == severity]


def test_ids_among_the_features_are_found() -> None:
    """Row numbers, codes as text, and wide numbers that are called an id; id and drop take them out."""
    dice = np.random.default_rng(0)
    codes = [f"{one:06x}-{one % 7}" for one in dice.permutation(10**6)[:N]]
    rows = ROWS.with_row_index("row").with_columns(code=pl.Series(codes), user_id=pl.Series(dice.integers(0, 2**60, N)))
    audited = audit(rows)
    assert found(audited) == [("id", ("row",)), ("id", ("code",)), ("id", ("user_id",))]
    assert "id: row" in audited.findings[0].remedy
    assert audit(rows, id=["row", "code"], drop=["user_id"]).findings == ()


def test_columns_that_hardly_ever_come_again_are_no_ids() -> None:
    """Amounts far apart are hinted at; text with blanks, unspaced writing and real numbers are none."""
    dice = np.random.default_rng(0)
    rows = ROWS.with_columns(
        amount=pl.Series((dice.lognormal(10, 1, N) * 100).astype(np.int64)),
        said=pl.Series([f"it is {one} o'clock" for one in range(N)]),
        japanese=pl.Series([chr(0x4E00 + one) + "日本語" for one in range(N)]),
        real=pl.Series(dice.normal(size=N)),
    )
    audited = audit(rows)
    assert found(audited) == [] and found(audited, "hint") == [("id", ("amount",))]


@pytest.mark.parametrize(("weight", "part"), [(0, "train"), (10, "all"), (10, "train")])
def test_means_of_the_target_are_found(weight: int, part: str) -> None:
    """Plain and smoothed, over the rows to learn from and over all, also where the key itself was dropped."""
    rows = ROWS.with_row_index("n")
    learnt = rows[:1300] if part == "train" else rows
    means = learnt.group_by("kind").agg(code=(pl.col("y").sum() + weight * learnt["y"].mean()) / (pl.len() + weight))
    rows = rows.join(means, on="kind", how="left", maintain_order="left").drop("n")
    audited = audit(rows)
    assert found(audited) == [("encoding", ("code",))] and "TargetEncoder" in audited.findings[0].remedy
    assert found(audit(rows, drop=["kind"])) == [("encoding", ("code",))]


def test_other_constants_of_groups_are_no_encodings() -> None:
    """Means encoded in folds, means of other columns, frequencies."""
    from sklearn.preprocessing import TargetEncoder

    coder = TargetEncoder()
    learnt = coder.fit_transform(ROWS[:1300].select("kind").to_numpy(), ROWS[:1300]["y"].to_numpy())
    tested = coder.transform(ROWS[1300:].select("kind").to_numpy())
    rows = ROWS.with_columns(
        folds=pl.Series(np.concatenate([learnt, tested])[:, 0]),
        mean=pl.col("x0").mean().over("kind"),
        share=pl.len().over("kind") / N,
    )
    assert audit(rows).findings == ()


def test_times_as_text_are_times_and_no_ids() -> None:
    """A moment in each row is all different, as text and as what it is; other text that is all different is an id."""
    start = dt.datetime(2024, 1, 1)
    moments = pl.Series([start + dt.timedelta(hours=one) for one in np.random.default_rng(0).permutation(N).tolist()])
    assert audit(ROWS.with_columns(at=moments)).findings == ()
    assert audit(ROWS.with_columns(at=moments.dt.strftime("%Y-%m-%dT%H:%M"))).findings == ()
    assert found(audit(ROWS.with_columns(at=moments.dt.strftime("%d.%m.%YT%H:%M")))) == [("id", ("at",))]


def test_columns_scaled_before_the_split_are_found() -> None:
    """Scaled over all rows; not scaled over the rows to learn from, nor codes that are as often each."""
    every, learnt = pl.col("x0") - pl.col("x0").mean(), ROWS[:1300]["x0"]
    assert found(audit(ROWS.with_columns(every / pl.col("x0").std(ddof=0)))) == [("scaling", ("x0",))]
    assert audit(ROWS.with_columns((pl.col("x0") - learnt.mean()) / learnt.std())).findings == ()
    codes = np.random.default_rng(0).permutation(np.repeat([-1.0, 1.0], N // 2))
    assert audit(ROWS.with_columns(code=pl.Series(codes))).findings == ()


def test_columns_filled_before_the_split_are_found() -> None:
    """With the mean or median of all rows; not with those of the rows to learn from, nor levels as often each."""
    gaps = ROWS.with_columns(pl.when(pl.int_range(N) % 9 == 0).then(None).otherwise("whole").alias("whole"))
    assert found(audit(gaps.with_columns(pl.col("whole").fill_null(pl.col("whole").mean())))) == [
        ("scaling", ("whole",))
    ]
    learnt = gaps[:1300]["whole"].mean()
    assert audit(gaps.with_columns(pl.col("whole").fill_null(learnt))).findings == ()
    halves = gaps.with_columns(pl.when(pl.col("whole") < 200).then(1.0).when(pl.col("whole") >= 200).then(4.0))
    even = np.random.default_rng(0).permutation(np.repeat([1.0, 2.0, 3.0], N // 3))
    assert halves.height and audit(ROWS.with_columns(even=pl.Series(even))).findings == ()


def test_the_champions_answers_among_the_features_are_found() -> None:
    """Its probability, and its class; where it asks for the column itself that is a hint only."""
    rows = table(1)
    features = fit(rows, target="y")
    champion = assemble(
        features, train(transform(features, rows), target="y", seed=0, use=_tree(), with_={"max_depth": 4})
    )
    said = champion.predict_proba(ROWS)["True"]
    scored = ROWS.with_columns(score=said * 2 + 1, answer=champion.predict(ROWS)["prediction"])
    audited = audit_leaks(scored[:1300], scored[1300:], None, champion, target="y", seed=1)
    assert {("champion", ("score",)), ("champion", ("answer",))} <= set(found(audited))
    audited = audit_leaks(ROWS[:1300], ROWS[1300:], None, champion, target="y", seed=1)
    assert found(audited) == [] and "champion" in audited.checked
    lacking = audit_leaks(ROWS[:1300].drop("x0"), ROWS[1300:].drop("x0"), None, champion, target="y", seed=1)
    assert "x0" in lacking.skipped["champion"]


def _tree() -> type:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier


def series(rows: int = N) -> pl.DataFrame:
    dice = np.random.default_rng(0)
    walk = np.cumsum(dice.normal(size=rows)) + 10 * np.sin(np.arange(rows) / 12)
    days = [dt.datetime(2024, 1, 1) + dt.timedelta(hours=one) for one in range(rows)]
    return pl.DataFrame({"at": days, "shop": np.arange(rows) % 3, "x": dice.normal(size=rows), "y": walk})


@pytest.mark.parametrize("ahead", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_columns_that_know_the_future_are_found(ahead: int) -> None:
    """The target of a later row, also in text, and also within groups; what came before is none."""
    rows = series().with_columns(up=pl.when(pl.col("y").diff() > 0).then(pl.lit("UP")).otherwise(pl.lit("DOWN")))
    settings = {"time": "at", "drop": ["at", "up"]}
    late = rows.with_columns(next=pl.col("y").shift(-ahead), before=pl.col("y").shift(ahead))
    audited = audit(late, **settings)
    assert ("future", ("next",)) in found(audited) and ("future", ("before",)) not in found(audited)
    text = rows.with_columns(next=pl.col("up").shift(-ahead), last=pl.col("up").shift(1))
    assert found(audit(text, "up", time="at", drop=["at", "y"])) == [("future", ("next",))]
    shops = pl.concat(
        [one.with_columns(pl.col("y") * (place + 1)) for place, one in enumerate([rows] * 3)]
    ).with_columns(shop=pl.int_range(3 * N) // N)
    shops = shops.with_columns(next=pl.col("y").shift(-ahead).over("shop")).sort("at", maintain_order=True)
    audited = audit_leaks(shops[:3600], shops[3600:], target="y", seed=1, group="shop", **settings)
    assert ("future", ("next",)) in found(audited)
