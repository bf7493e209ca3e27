"""Opening: a bundle becomes what answers, and proves on its golden rows that it answers as it did when packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solvent.delivery.bundles import Bundle
from solvent.delivery.probe import compare_golden
from solvent.errors import Corrupted

__all__ = ["Opened", "open_bundle"]


@dataclass(frozen=True)
class Opened:
    """What answers, and in which runtime."""

    predictor: Any
    runtime: str


def open_bundle(bundle: Bundle, name: str) -> Opened:
    """Open a bundle, and prove it; raises :class:`Corrupted` if it does not answer as it did when it was packed."""
    predictor = bundle.predictor
    _keep_to_one_thread()
    different = compare_golden(predictor, bundle.golden, alone=20)
    if different:
        packed = ", ".join(f"{name} {version}" for name, version in bundle.closure.requirements.items())
        raise Corrupted(
            f"{name} answers {len(different)} of {len(bundle.golden)} golden rows otherwise than when it was packed, "
            f"so it does not serve. Packed with: {packed}. Install these versions, or run the pipeline again."
        )
    return Opened(predictor, "python")


def _keep_to_one_thread() -> None:
    """Requests are answered side by side already; a model's own threads would only make them wait for each other."""
    from importlib.util import find_spec

    if find_spec("threadpoolctl") is not None:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(limits=1)
