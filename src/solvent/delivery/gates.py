"""Gates: checks that a bundle must pass to be promoted, each with what it measured and what was asked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from solvent.data import Table
from solvent.delivery.bundles import Bundle
from solvent.delivery.proving.gate import Gate
from solvent.delivery.proving.limits import check_budgets, judge_budget, judge_contract, judge_rollback, judge_slices
from solvent.delivery.proving.probe import probe_bundle
from solvent.engine import watch
from solvent.engine.context import log
from solvent.errors import InputError, SettingsError, did_you_mean
from solvent.graph.steps import step
from solvent.learn.evaluation import LOSSES
from solvent.learn.leaks import Audit
from solvent.learn.measures.intervals import Figure, draw_figures, measure_once, summarise
from solvent.learn.tables.rows import frame_of

if TYPE_CHECKING:
    from solvent.learn.measures.metrics import Measures

__all__ = ["Budget", "Gate", "Judgement", "Rule", "judge"]

Rule = Literal["min", "max", "not_below_champion", "better_than_champion"]
Budget = Literal[
    "size_mb", "load_seconds", "start_seconds", "peak_mb", "p50_ms", "p99_ms", "batch_p50_ms", "batch_p99_ms",
    "rows_per_second",
]  # fmt: skip
Limit = float | Mapping[Literal["max", "min", "times_champion"], float]
_RULES = get_args(Rule)
_DRAWS = 1000


@dataclass(frozen=True)
class Judgement:
    """All gates, and every figure that was measured, also those that no gate asks for; ``method`` says how.

    ``silenced`` are the leaks that somebody gave a reason for: the card shows them.
    """

    gates: tuple[Gate, ...]
    figures: Mapping[str, float]
    method: str = ""
    silenced: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against promotion."""
        return all(gate.passed for gate in self.gates)

    def reasons(self) -> str:
        """The gates that said no, in words."""
        return "; ".join(str(gate) for gate in self.gates if not gate.passed)


@step(reads=["process", "host", "folder", "env", "clock"])
def judge(
    bundle: Bundle,
    rows: Table,
    rival: Bundle | None,
    audit: Audit | None = None,
    *,
    gates: Mapping[str, Mapping[Rule, float]] | None = None,
    slices: Mapping[str, Mapping[Literal["min", "max"], float]] | None = None,
    budgets: Mapping[Budget, Limit] | None = None,
    contract: Literal["compatible", "any"] = "compatible",
) -> Judgement:
    """Prove a bundle before it serves: alike answers in a fresh process, good enough figures, small enough.

    ``gates`` asks for figures of the report: ``{roc_auc: {min: 0.7, not_below_champion: 0.002}}``; ``min`` and
    ``max`` look at the value, ``not_below_champion`` refuses when the paired difference to the champion on the
    same rows is below minus the margin with 95 % confidence, ``better_than_champion`` passes only when it is
    above the margin with it. Without a champion these two pass. ``slices`` asks the same of every slice of the
    report, and refuses where the whole interval of one lies beyond the limit. ``budgets`` limits ``size_mb,
    load_seconds, start_seconds, peak_mb, p50_ms, p99_ms, batch_p50_ms, batch_p99_ms, rows_per_second``, measured in
    a fresh process: by a number, or by ``{max: 20, times_champion: 1.5}`` (``min`` for rows a second), the champion
    being measured in the same gate. With ``contract: compatible`` what callers of the champion send has to fit. The
    champion has to open and answer, so that one can go back to it.
    """
    _check_figures(bundle, {**(gates or {}), **(slices or {})})
    check_budgets(budgets or {})
    with watch.exempt():
        probed = _probe(bundle)
        before = None if rival is None else _probe(rival)
    figures = {"size_mb": round(bundle.size / 1e6, 4), **_numbers(probed)}
    found = [_parity(probed)]
    rules = {name: {str(way): value for way, value in rule.items()} for name, rule in (gates or {}).items()}
    reported = {name: Figure(**_plain(one)) for name, one in bundle.report["figures"].items()}
    figures |= {name: one.value for name, one in reported.items() if one.value is not None}
    for name, rule in rules.items():
        found += [_limit(name, reported[name].value, way, rule[way]) for way in ("min", "max") if way in rule]
    if any(way in rule for rule in rules.values() for way in _RULES[2:]):
        found += _against(bundle, rival, rows, rules)
    found += judge_slices(bundle.report.get("slices", ()), slices or {})
    theirs = {} if rival is None or before is None else {"size_mb": rival.size / 1e6, **_numbers(before)}
    for name, limit in (budgets or {}).items():
        found += judge_budget(name, figures.get(name), theirs.get(name), limit)
    found += _leak(bundle, audit)
    if rival is not None and before is not None:
        found.append(judge_rollback(before))
        if contract == "compatible":
            found.append(judge_contract(bundle.columns, rival.columns))
    told: dict[str, Any] = dict(figures)
    log(**told)
    return Judgement(tuple(found), figures, _method(probed), _silenced(audit))


def _leak(bundle: Bundle, audit: Audit | None) -> list[Gate]:
    """The leaks of the audit; beside it a warning where training prepared rows as serving does not."""
    left = [name for name, reason in bundle.manifest.get("left_out", {}).items() if reason is None]
    note = f"prepared in training, not in serving: {', '.join(left)}" if left else ""
    asked = "no leak that nobody gave a reason for"
    if audit is not None:
        said = "; ".join(one for one in (audit.reasons(), note) if one)
        return [Gate("leak", audit.passed, float(len(audit.findings)), asked, said)]
    return [Gate("leak", True, float(len(left)), asked, note)] if left else []


def _silenced(audit: Audit | None) -> tuple[str, ...]:
    found = () if audit is None else audit.findings
    return tuple(
        f"{one.kind} of {', '.join(one.columns) or 'the rows'}: {one.silenced}" for one in found if one.silenced
    )


def _probe(bundle: Bundle) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="solvent-probe-") as folder:
        bundle.to_artifact(Path(folder))
        return probe_bundle(Path(folder))


def _numbers(probed: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(one) for name, one in probed.items() if isinstance(one, (int, float))}


def _plain(figure: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figure.get(name) for name in ("value", "low", "high")}


def _method(probed: Mapping[str, Any]) -> str:
    """On which machine, in which runtime and how often it was measured, in words."""
    import platform

    from solvent.engine.record.host import here

    return (
        f"{here().host}, {platform.machine()}, Python {platform.python_version()}, runtime {probed.get('runtime')}, "
        f"one thread; one row 200 times, 256 rows 20 times, after warming up"
    )


def _check_figures(bundle: Bundle, gates: Mapping[str, Any]) -> None:
    known = list(bundle.report["figures"])
    for name in gates:
        if name not in known:
            hint = did_you_mean(name, known)
            raise SettingsError(f"gates: the report has no figure {name!r}.{hint} It has: {', '.join(known)}")


def _parity(probed: Mapping[str, Any]) -> Gate:
    asked = "a fresh process answers every golden row as the training did, alone, in a batch and as a request"
    if "error" in probed:
        return Gate("parity", False, None, asked, str(probed["error"]))
    different = int(probed["different"])
    note = f"{probed['requests']} asked, in {probed['runtime']}"
    if different:
        note = f"{different} of {probed['requests']} differ, first {probed['differences'][0]}"
    return Gate("parity", different == 0, float(different), asked, note)


def _limit(name: str, value: float | None, way: str, limit: float) -> Gate:
    asked = f"{'at least' if way == 'min' else 'at most'} {limit:g}"
    if value is None:
        return Gate(name, False, None, asked, "it could not be measured")
    return Gate(name, value >= limit if way == "min" else value <= limit, float(value), asked)


def _against(bundle: Bundle, rival: Bundle | None, rows: Table, rules: Mapping[str, Mapping[str, float]]) -> list[Gate]:
    """The comparisons with the champion, by the paired difference on the same rows."""
    asked = [(name, way, rule[way]) for name, rule in rules.items() for way in _RULES[2:] if way in rule]
    if rival is None:
        said = "no champion yet"
        return [Gate(f"{name} {way}", True, None, f"margin {margin:g}", said) for name, way, margin in asked]
    frame = frame_of(rows)
    try:
        ours, theirs = _measures(bundle, frame), _measures(rival, frame)
        once = measure_once(ours), measure_once(theirs)
        drawn = draw_figures(ours, _DRAWS, 0), draw_figures(theirs, _DRAWS, 0)
    except InputError as error:
        said = f"the champion cannot be asked about these rows: {error}"
        return [Gate(f"{name} {way}", False, None, f"margin {margin:g}", said) for name, way, margin in asked]
    made = []
    for name, way, margin in asked:
        if name not in once[1]:
            made.append(Gate(f"{name} {way}", False, None, f"margin {margin:g}", "the champion has no such figure"))
            continue
        sign = -1.0 if name in LOSSES else 1.0
        difference = summarise(sign * (once[0][name] - once[1][name]), sign * (drawn[0][name] - drawn[1][name]))
        made.append(_compared(f"{name} {way}", way, margin, difference))
    return made


def _compared(name: str, way: str, margin: float, difference: Figure) -> Gate:
    if difference.value is None or difference.low is None or difference.high is None:
        return Gate(name, False, difference.value, f"margin {margin:g}", "the difference has no interval on these rows")
    note = f"difference {difference}"
    if way == "not_below_champion":
        return Gate(name, difference.high >= -margin, difference.value, f"not below -{margin:g} with 95 %", note)
    return Gate(name, difference.low > margin, difference.value, f"above {margin:g} with 95 %", note)


def _measures(bundle: Bundle, frame: Any) -> Measures:
    from solvent.learn.answered import measures_of

    return measures_of(bundle.predictor, frame, bundle.report["target"])
