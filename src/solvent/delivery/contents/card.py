"""The model card: what is known of a model when it is packed, put together from what was recorded, never by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from solvent.delivery.contents.reference import Reference
from solvent.learn.assembly import Predictor
from solvent.learn.carried.lookups import Lookup, describe
from solvent.learn.evaluation import LOSSES, Report
from solvent.learn.transforms import Fitted

__all__ = ["Packed", "make_card"]

_SLICES = 10


@dataclass(frozen=True)
class Packed:
    """What went into a bundle beside the predictor, as far as its card tells of it."""

    requirements: Mapping[str, str] = field(default_factory=dict)
    modules: Sequence[str] = ()
    python: str = ""
    owner: str | None = None
    reference: Reference | None = None


def make_card(predictor: Predictor, report: Report, packed: Packed) -> dict[str, Any]:
    """The card as plain data. It holds nothing of the run (who, when, where), so alike bundles have one card."""
    return {
        "task": report.task,
        "target": report.target,
        "classes": list(predictor.classes),
        "threshold": predictor.threshold,
        "parts": [_name_of(one) for one in predictor.parts],
        "lookups": [describe(one) for one in predictor.parts if isinstance(one, Lookup)],
        "left_out": dict(predictor.left_out),
        "owner": packed.owner,
        "judged": {"rows": report.rows, "method": report.method, "seed": report.seed, "against": report.against},
        "figures": _figures(report),
        "slices": _slices(report),
        "importance": [asdict(one) for one in report.importance],
        "confusion": [list(row) for row in report.confusion],
        "columns": [{**asdict(one), "values": list(one.values)} for one in predictor.columns],
        "training": None if packed.reference is None else {"rows": packed.reference.columns.rows},
        "limits": _limits(predictor, report, packed),
        "code": list(packed.modules),
        "python": packed.python,
        "requirements": dict(packed.requirements),
    }


def _name_of(part: Any) -> str:
    kind = type(part.inner if isinstance(part, Fitted) else part)
    module = kind.__module__.partition("._")[0]
    return kind.__qualname__ if module == "__main__" else f"{module}:{kind.__qualname__}"


def _figures(report: Report) -> dict[str, Any]:
    made = {}
    for name, one in report.figures.items():
        baseline, gain = report.baseline.get(name), report.gain.get(name)
        made[name] = {
            **asdict(one),
            "better": "less" if name in LOSSES else "more",
            "baseline": None if baseline is None else baseline.value,
            "gain": None if gain is None else asdict(gain),
            "rival": asdict(report.rival[name]) if name in report.rival else None,
        }
    return made


def _slices(report: Report) -> list[dict[str, Any]]:
    """The slices, those that were looked for by how much worse they are, and then those that were asked for."""
    ordered = sorted(report.slices, key=lambda one: (one.gap is None, -(one.gap or 0.0), one.name))
    return [asdict(one) for one in ordered]


def _limits(predictor: Predictor, report: Report, packed: Packed) -> list[str]:
    """What a user of the model should not expect, as sentences that follow from what was recorded."""
    made = [_worse(report, one) for one in _slices(report)[:_SLICES] if one["found"]]
    blind = [
        name
        for name, one in report.gain.items()
        if one.low is not None and one.high is not None and one.low <= 0 <= one.high
    ]
    if blind:
        made.append(f"By {', '.join(blind)} it cannot be told from {report.against} on the rows that it was judged by.")
    worse = [name for name, one in report.gain.items() if one.high is not None and one.high < 0]
    if worse:
        made.append(f"By {', '.join(worse)} it is worse than {report.against}.")
    undefined = [name for name, one in report.figures.items() if one.value is None]
    if undefined:
        made.append(f"{', '.join(undefined)} could not be measured on the rows that it was judged by.")
    needed = [one.name for one in predictor.columns if not one.nullable]
    if needed:
        made.append(
            f"Training never saw a missing value in {_listed(needed)}: a request without one of them is refused."
        )
    made.append(
        "It was trained on rows like those that the columns describe and on no others: what lies outside of their "
        "ranges, or is another value than those, was never seen."
    )
    made += [
        f"{_listed(list(one.adds))} are looked up by {_listed(list(one.keys))} in a table of {describe(one)['rows']:,} "
        f"rows that goes along; what is not in it is null."
        for one in predictor.parts
        if isinstance(one, Lookup)
    ]
    for name, reason in predictor.left_out.items():
        made.append(
            f"Rows went through {name} in training, and requests do not: they have to come as it leaves them."
            f"{'' if reason is None else f' ({reason})'}"
        )
    if packed.reference is None:
        made.append("The bundle holds no profile of the training rows: deploy was not given them.")
    return made


def _worse(report: Report, one: Mapping[str, Any]) -> str:
    name = "log_loss" if "log_loss" in report.figures else "rmse" if "rmse" in report.figures else ""
    inside, overall = one["figures"].get(name), report.figures.get(name)
    said = f"It is worse than elsewhere where {one['name']} ({one['rows']:,} of {report.rows:,} rows)"
    if not inside or inside["value"] is None or overall is None or overall.value is None:
        return f"{said}."
    return f"{said}: {name} {inside['value']:.4g}, over all rows {overall.value:.4g}."


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more columns"
