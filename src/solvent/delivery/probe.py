"""A fresh process that opens a bundle as a server would, answers its golden rows, and measures itself.

``python -m solvent.delivery.probe FOLDER`` prints one JSON object: ``differences`` (the golden rows whose answers
are not those of the packing, with both), ``load_seconds``, ``p50_ms``, ``p99_ms`` (one row at a time, after
warming up), ``rows_per_second`` (all golden rows at once) and ``peak_mb``.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.learn.tables.schema import plain_value

if TYPE_CHECKING:
    from solvent.delivery.bundles import Bundle
    from solvent.learn.assembly import Predictor

__all__ = ["compare_golden", "examine", "probe_bundle"]

_TIMED = 200
_WARMUP = 20


def probe_bundle(folder: Path, timeout: float = 300.0) -> dict[str, Any]:
    """Examine the bundle in a folder in a process of its own; ``error`` says what it could not do."""
    command = [sys.executable, "-X", "utf8", "-m", "solvent.delivery.probe", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, cwd=folder, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"it did not answer its golden rows within {timeout:g} s"}
    try:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (ValueError, IndexError):
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it ended without a word"]
        return {"error": last[0][:500]}


def examine(bundle: Bundle) -> dict[str, Any]:
    """Answer the golden rows one by one and together, and measure."""
    started = time.perf_counter()
    predictor = bundle.predictor
    loaded = time.perf_counter() - started
    golden = bundle.golden
    differences = compare_golden(predictor, golden)
    seconds = []
    for place in range(_TIMED + _WARMUP):
        row = golden[place % len(golden)]["row"]
        started = time.perf_counter()
        predictor.answer(row)
        seconds.append(time.perf_counter() - started)
    timed = sorted(seconds[_WARMUP:])
    rows = [one["row"] for one in golden]
    started = time.perf_counter()
    predictor.answer(rows)
    batch = time.perf_counter() - started
    return {
        "differences": differences[:20],
        "different": len(differences),
        "golden": len(golden),
        "load_seconds": round(loaded, 4),
        "p50_ms": round(timed[len(timed) // 2] * 1000, 3),
        "p99_ms": round(timed[int(len(timed) * 0.99)] * 1000, 3),
        "rows_per_second": round(len(rows) / batch, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def compare_golden(
    predictor: Predictor, golden: Sequence[Mapping[str, Any]], alone: int | None = None
) -> list[dict[str, Any]]:
    """The golden rows that are answered otherwise than when they were packed, with both answers.

    All are asked together, and the first ``alone`` (or all) one by one too. Numbers are equal if they are so to
    nine digits, since a matrix product rounds otherwise for one row than for many, and for one thread than for
    two; classes are equal or not.
    """
    together = predictor.answer([one["row"] for one in golden])
    found = []
    for place, one in enumerate(golden):
        expected = [one["prediction"], one.get("probability")]
        asked = [(True, together, place)]
        if alone is None or place < alone:
            asked.append((False, predictor.answer(one["row"]), 0))
        for batch, answers, at in asked:
            probability = None if answers.probability is None else answers.probability[at].tolist()
            got = [plain_value(answers.prediction[at]), probability]
            if not _equal(got, expected):
                found.append({"row": place, "batch": batch, "expected": expected, "got": got})
                break
    return found


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_equal(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    return bool(one == other)


def main() -> None:
    """Examine the bundle in the folder that the command line names, with one thread, as a server answers."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from solvent.delivery.bundles import Bundle

    found = examine(Bundle.from_artifact(Path(sys.argv[1])))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
