"""A fresh process that opens a bundle as a server would, answers its golden rows, and measures itself.

``python -m solvent.delivery.proving.probe FOLDER`` prints one JSON object: ``differences`` (the golden rows, and the
requests of other shapes, whose answers are not those of the packing, with both), ``runtime`` (``onnx`` or
``python``), ``load_seconds``, ``start_seconds`` (from the start of the process to a predictor that has proved
itself), ``p50_ms`` and ``p99_ms`` (one row at a time, after warming up), ``batch_p50_ms``, ``batch_p99_ms`` and
``rows_per_second`` (256 rows at once), and ``peak_mb``.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.delivery.server.running.needed import missing_to_serve

if TYPE_CHECKING:
    from solvent.delivery.bundles import Bundle

__all__ = ["examine", "probe_bundle"]

_TIMED = 200
_BATCHES = 20
_BATCH = 256


def probe_bundle(folder: Path, timeout: float = 300.0) -> dict[str, Any]:
    """Examine the bundle in a folder in a process of its own; ``error`` says what it could not do."""
    command = [sys.executable, "-X", "utf8", "-m", "solvent.delivery.proving.probe", str(folder), str(time.time())]
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
    """Answer the golden rows one by one and together, in the runtime that will serve, and measure."""
    from solvent.delivery.proving.golden import CLOSE, compare_golden
    from solvent.delivery.proving.opening import ALONE, try_bundle

    started = time.perf_counter()
    opened = try_bundle(bundle, "the bundle")
    loaded, ready = time.perf_counter() - started, time.time()
    predictor, golden = opened.predictor, bundle.golden
    tolerance = CLOSE if opened.runtime == "onnx" else 1e-9
    differences = list(opened.differences)
    differences += compare_golden(predictor, golden, range(ALONE, len(golden)), tolerance, together=False)
    asked = len(golden)
    if not missing_to_serve():
        from solvent.delivery.proving.requests import compare_requests

        more, count = compare_requests(opened, bundle, tolerance)
        differences += more
        asked += count
    found: dict[str, Any] = {
        "runtime": opened.runtime,
        "why": opened.why,
        "differences": differences[:20],
        "different": len(differences),
        "golden": len(golden),
        "requests": asked,
        "load_seconds": round(loaded, 4),
        "ready_at": ready,
    }
    ask = getattr(predictor, "answer_records", predictor.answer)
    rows = [one["row"] for one in golden]
    alone = _times(ask, [[one] for one in rows], _TIMED)
    batch = (rows * (_BATCH // len(rows) + 1))[:_BATCH]
    together = _times(ask, [batch], _BATCHES)
    return {
        **found,
        **{f"p{share}_ms": _quantile(alone, share) for share in (50, 99)},
        **{f"batch_p{share}_ms": _quantile(together, share) for share in (50, 99)},
        "rows_per_second": round(_BATCH / (sum(together) / len(together)), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _times(ask: Any, requests: Sequence[Sequence[Any]], count: int) -> list[float]:
    """The seconds of each of ``count`` answers, after a tenth as many to warm up, from the least to the most."""
    seconds = []
    for place in range(count + count // 10):
        request = requests[place % len(requests)]
        started = time.perf_counter()
        ask(request)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds[count // 10 :])


def _quantile(seconds: Sequence[float], share: int) -> float:
    return round(seconds[min(len(seconds) - 1, len(seconds) * share // 100)] * 1000, 3)


def main() -> None:
    """Examine the bundle in the folder that the command line names, with one thread, as a server answers."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    from solvent.delivery.bundles import Bundle

    bundle = Bundle.from_artifact(Path(sys.argv[1]))
    found = examine(bundle)
    if len(sys.argv) > 2:
        found["start_seconds"] = round(found["ready_at"] - float(sys.argv[2]), 4)
    del found["ready_at"]
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
