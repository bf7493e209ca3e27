"""Opening: a bundle becomes what answers, and proves on its golden rows that it answers as it did when packed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from solvent.delivery.bundles import Bundle
from solvent.delivery.proving.golden import CLOSE, compare_golden
from solvent.errors import Corrupted, SolventError

__all__ = ["ALONE", "Opened", "open_bundle", "try_bundle"]

ALONE = 20
"""How many golden rows are asked one by one, besides all of them together, whenever a bundle is opened."""


@dataclass(frozen=True)
class Opened:
    """What answers, and in which runtime; ``why`` the graph of the bundle does not, if it has one.

    ``differences`` are the golden rows that it answers otherwise than when it was packed, with both answers.
    """

    predictor: Any
    runtime: str
    why: str = ""
    differences: tuple[dict[str, Any], ...] = ()


def open_bundle(bundle: Bundle, name: str, runtime: str | None = None) -> Opened:
    """Open a bundle, and prove it; raises :class:`Corrupted` if it does not answer as it did when it was packed.

    ``runtime`` asks for ``onnx`` or ``python``; else it is what :func:`try_bundle` finds.
    """
    opened = try_bundle(bundle, name, runtime)
    if opened.differences:
        packed = ", ".join(f"{name} {version}" for name, version in bundle.closure.requirements.items())
        raise Corrupted(
            f"{name} answers {len(opened.differences)} of {len(bundle.golden)} golden rows otherwise than when it was "
            f"packed, so it does not serve. Packed with: {packed}. Install these versions, or run the pipeline again."
        )
    return opened


def try_bundle(bundle: Bundle, name: str, runtime: str | None = None) -> Opened:
    """Open a bundle whatever it answers, and say which golden rows it answers otherwise.

    The graph answers if there is one that proves itself here, else the Python form does; ``runtime`` asks for one of
    them.
    """
    why = ""
    if bundle.graph is not None and runtime != "python":
        try:
            graph = _graph_of(bundle)
            different = compare_golden(graph, bundle.golden, alone=range(ALONE), tolerance=CLOSE)
        except (SolventError, RuntimeError) as error:
            why = str(error)
        else:
            if not different:
                return Opened(graph, "onnx")
            why = f"the graph answers {len(different)} golden rows otherwise"
    if runtime == "onnx":
        said = why or (bundle.manifest.get("onnx") or {}).get("why", "the bundle has none")
        raise Corrupted(f"{name} has no graph that serves: {said}")
    predictor = bundle.predictor
    _keep_to_one_thread()
    different = compare_golden(predictor, bundle.golden, alone=range(ALONE))
    return Opened(predictor, "python", why, tuple(different))


def _graph_of(bundle: Bundle) -> Any:
    from solvent.delivery.runtime.answering import OnnxPredictor

    assert bundle.graph is not None
    return OnnxPredictor(bundle.graph, bundle.beginning(int(bundle.manifest["onnx"]["first"])))


def _keep_to_one_thread() -> None:
    """Requests are answered side by side already; a model's own threads would only make them wait for each other."""
    from importlib.util import find_spec

    if find_spec("threadpoolctl") is not None:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        threadpool_limits(limits=1)
