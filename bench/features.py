"""Features of text on their way to a model: one row and 10,000 rows, 300 and 2,000 columns, and the memory of training.

    python bench/features.py [--rows N] [--columns N,N]

Texts of a fixed seed go through the ready features, or through scikit-learn's, to a logistic regression. Each case is a
fresh process; memory is what the process held at most beyond what it held before. The last column is a digest of every
probability: of two versions of Solvent that answer alike to the last bit, it is the same.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from typing import Any


def main() -> None:
    """Each case in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", default="300,2000")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.case is not None:
        kind, columns = asked.case.split(":")
        measure(kind, int(columns), asked.rows)
        return
    print(f"{'':24s}{'transform s':>12s}{'train s':>9s}{'answer s':>10s}{'one row ms':>12s}{'peak MB':>9s} digest")
    for kind in ("ready", "scikit-learn"):
        for columns in asked.columns.split(","):
            command = [sys.executable, __file__, "--case", f"{kind}:{columns}", "--rows", str(asked.rows)]
            subprocess.run(command, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})


def measure(kind: str, columns: int, count: int) -> None:
    """One case, in this process."""
    from sklearn.linear_model import LogisticRegression

    from solvent import digest
    from solvent.learn import assemble, train, transform

    rows = make_rows(count)
    features = _fitted(kind, columns, rows)
    before = _peak()
    warnings.simplefilter("ignore")  # twenty rounds do not converge
    begun = time.perf_counter()
    table = transform(features, rows)
    made = time.perf_counter()
    model = train(table, target="kind", seed=1, use=LogisticRegression, with_={"max_iter": 20})
    trained = time.perf_counter()
    predictor, given = assemble(features, model), rows.drop("kind")
    predictor.answer(given.head(5))
    asked = time.perf_counter()
    probability = predictor.answer(given).probability
    answered = time.perf_counter()
    singles = []
    for place in range(100):
        record = given.row(place, named=True)
        start = time.perf_counter()
        predictor.answer([record])
        singles.append(time.perf_counter() - start)
    assert probability is not None
    print(
        f"  {kind:14s}{table.width - 1:6d}  {made - begun:12.2f}{trained - made:9.2f}{answered - asked:10.2f}"
        f"{statistics.median(singles) * 1e3:12.2f}{_peak() - before:9.0f} "
        f"{digest.of_bytes('bench.1', probability.tobytes())[:12]}"
    )


def make_rows(count: int) -> Any:
    """Texts of twelve words, a few of them frequent; one of these decides, with noise, of which kind a row is."""
    import numpy as np
    import polars as pl

    random = np.random.default_rng(1)
    words = np.array([f"w{chr(97 + one % 26)}{chr(97 + one // 26 % 26)}{chr(97 + one // 676)}" for one in range(3000)])
    texts = [" ".join(words[(random.pareto(0.5, 12) * 60).astype(int) % 3000]) for _ in range(count)]
    kinds = ["a" if ("waaa" in text) + random.random() > 0.7 else "b" for text in texts]
    return pl.DataFrame({"text": texts, "number": random.normal(size=count), "kind": kinds})


def _fitted(kind: str, columns: int, rows: Any) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfVectorizer

    from solvent.learn import TabularFeatures, fit

    if kind == "ready":
        return fit(rows, target="kind", use=TabularFeatures, with_={"words": columns, "fewest": 1})
    parts = [("words", TfidfVectorizer(max_features=columns), "text")]
    return fit(rows, target="kind", use=ColumnTransformer, with_={"transformers": parts})


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
