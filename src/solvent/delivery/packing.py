"""Packing: a predictor becomes a bundle, with its code, golden rows and their answers, its report and requirements."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.data import Table
from solvent.data.canonical import column_named
from solvent.delivery.bundles import Bundle, Draft
from solvent.delivery.closure import collect_sources
from solvent.delivery.contents import reference, requirements
from solvent.delivery.contents.card import Packed, make_card
from solvent.delivery.contents.reference import describe_rows
from solvent.delivery.contents.requirements import lock_requirements
from solvent.delivery.contents.wording import word_card
from solvent.delivery.graphing import add_graph
from solvent.engine import watch
from solvent.engine.context import current, log
from solvent.errors import InputError, SettingsError
from solvent.graph.steps import step
from solvent.learn.assembly import Answers, Predictor
from solvent.learn.evaluation import Report
from solvent.learn.tables.rows import frame_of
from solvent.learn.tables.schema import Column, plain_value

if TYPE_CHECKING:
    import polars as pl

__all__ = ["pack"]


def _libraries(settings: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
    """What a graph is made with: whether there is one hangs on what is installed."""
    if not settings["onnx"]:
        return ""
    from solvent.delivery.runtime.convert import libraries

    return libraries()


@step(state=_libraries)
def pack(
    predictor: Predictor,
    report: Report,
    rows: Table,
    train: Table | None = None,
    *,
    golden: int = 200,
    owner: str | None = None,
    onnx: bool = True,
) -> Bundle:
    """Pack a predictor with all that serving needs.

    ``rows`` are held-back rows, of which ``golden`` go along with the answers that the predictor gives now:
    random ones, the extremes of each number, rare values, and each pattern of missing values. Of ``train``, the very
    rows that it was trained on, the profile goes along, which later traffic is compared with. They are an input, and
    not looked up: what is packed hangs on what goes in alone. ``owner`` stands in the model's card. With ``onnx``,
    what can be written as an ONNX graph is, if that answers up to 5,000 of the rows as the predictor does.
    """
    _check(predictor, golden)
    context = current()
    folders = [Path.cwd()] if context is None else context.project.code_folders
    draft = Draft(_behaviour(folders))
    parts = list(predictor.parts)
    with watch.exempt():  # the sources are part of the key already, by what of them counts
        closure = collect_sources(parts, folders)
        written = [draft.part(one) for one in parts]
    for name, text in closure.sources.items():
        draft.files[f"source/{name}.py"] = text.encode()
    frame = _acceptable(predictor.prepare(frame_of(rows)).frame, predictor.columns)
    chosen = frame[_choose(frame, golden)]
    draft.add("golden.json", answered(chosen, predictor.answer(chosen)))
    draft.add("cases.json", _cases(predictor, chosen))
    draft.add("report.json", plain_report(report))
    with watch.exempt():  # which libraries there are is part of the key already
        graph = add_graph(draft, predictor, chosen, frame) if onnx else {"equal": False, "why": "it was not asked for"}
        versions = lock_requirements({**closure.requirements, **_runtime(graph)})
    packed = Packed(
        requirements=versions,
        modules=list(closure.sources),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        owner=owner,
        reference=None if train is None else describe_rows(predictor, train),
    )
    _describe(draft, make_card(predictor, report, packed), packed)
    return draft.finish(
        {
            "onnx": graph,
            "parts": written,
            **_said(predictor),
            "modules": {name: f"source/{name}.py" for name in closure.sources},
            "packages": sorted(closure.packages),
            "imports": sorted(closure.requirements),
            "requirements": dict(packed.requirements),
            "python": packed.python,
            "lineage": {} if context is None else _digests(context.inputs),
        }
    )


def _said(predictor: Predictor) -> dict[str, Any]:
    """What a predictor is beside its parts."""
    return {
        "columns": [asdict(one) for one in predictor.columns],
        "classes": list(predictor.classes),
        "target": predictor.target,
        "threshold": predictor.threshold,
        "left_out": dict(predictor.left_out),
    }


def _runtime(graph: Mapping[str, Any]) -> dict[str, str]:
    """The package that answers with a graph, by its version; which form answers is recorded."""
    from importlib import metadata

    log(runtime="onnx" if graph["equal"] else "python", onnx=graph.get("why", "equal"))
    return {"onnxruntime": metadata.version("onnxruntime")} if graph["equal"] else {}


def _check(predictor: Predictor, golden: int) -> None:
    if not predictor.columns:
        raise InputError(
            "pack: nothing recorded which columns a request has to bring. Fit the first transform with "
            "solvent.learn.fit, which remembers them; or give assemble the rows first: assemble(parts.train, model)"
        )
    if not 1 <= golden <= 10_000:
        raise SettingsError(f"pack: golden is a number of rows from 1 to 10000, not {golden}")


def _describe(draft: Draft, card: Mapping[str, Any], packed: Packed) -> None:
    """What people and tools read of a bundle: its card, its lock, and what the training rows were like."""
    draft.files["card.json"] = json.dumps(card, allow_nan=False, indent=1).encode()  # its order is what people read
    draft.files["card.md"] = word_card(card).encode()
    draft.files[requirements.FILE] = requirements.write_lock(packed.requirements).encode()
    if packed.reference is not None:
        draft.add(reference.FILE, packed.reference.to_json())


def _behaviour(folders: list[Path]) -> Any:
    from solvent.archive.fingerprint import Code, behaviour

    code = Code(folders=tuple(folders))
    return lambda kind: behaviour(kind, code=code)


def _digests(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if isinstance(value, str)}


def plain_report(report: Report) -> dict[str, Any]:
    """A report as plain data."""
    told = asdict(report)
    return {**told, "classes": list(report.classes)}


def answered(frame: pl.DataFrame, answers: Answers) -> list[dict[str, Any]]:
    """Rows as requests with their answers, every number exact."""
    made = []
    for place, row in enumerate(frame.iter_rows(named=True)):
        one: dict[str, Any] = {
            "row": {name: plain_value(value) for name, value in row.items()},
            "prediction": plain_value(answers.prediction[place]),
        }
        if answers.probability is not None:
            one["probability"] = answers.probability[place].tolist()
        made.append(one)
    return made


def _cases(predictor: Predictor, golden: pl.DataFrame) -> list[dict[str, Any]]:
    """Requests that are shaped otherwise than the golden rows, with what the predictor says of them now.

    Of three rows: a column left out or null where it may be missing, a text never seen, a whole number for a real one,
    a column too many, and all columns in another order.
    """
    made: list[dict[str, Any]] = []
    for row in [one["row"] for one in answered(golden[:3], predictor.answer(golden[:3]))]:
        made += [{**row, "one too many": 1}, dict(reversed(row.items()))]
        for column in predictor.columns:
            if column.nullable:
                made += [{**row, column.name: None}, {name: row[name] for name in row if name != column.name}]
            if column.kind == "text":
                made.append({**row, column.name: "never seen in training"})
            elif column.kind == "float" and row[column.name] is not None:
                made.append({**row, column.name: round(row[column.name])})
    return [_case(predictor, row) for row in made[:200]]


def _case(predictor: Predictor, row: dict[str, Any]) -> dict[str, Any]:
    try:
        answers = predictor.answer([row])
    except Exception:  # a refusal of the rows, or an error of a library inside: the server refuses both
        return {"row": row, "refused": True}
    made: dict[str, Any] = {"row": row, "prediction": plain_value(answers.prediction[0])}
    if answers.probability is not None:
        made["probability"] = answers.probability[0].tolist()
    return made


def _acceptable(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """The rows that may come as a request: nothing infinite, nothing missing where training saw none missing."""

    for column in columns:
        if not column.nullable:
            frame = frame.filter(column_named(column.name).is_not_null())
        if column.kind == "float":
            frame = frame.filter(column_named(column.name).is_finite().fill_null(True))
    return frame


def _choose(frame: pl.DataFrame, count: int) -> list[int]:
    """The places of rows that between them show what can occur, in order."""
    import numpy as np
    import polars as pl

    if not frame.height:
        raise InputError("pack: there are no held-back rows, so nothing can prove that the bundle answers alike")
    places: dict[int, None] = {}
    for name in frame.columns:
        values = frame.get_column(name)
        if values.dtype.is_numeric() or values.dtype.is_temporal():
            places |= {int(one): None for one in (values.arg_min(), values.arg_max()) if one is not None}
        elif values.dtype == pl.String:
            counts = values.value_counts(name="rows").sort(["rows", name]).drop_nulls().head(2)
            for value in counts.get_column(name):
                places[int((values == value).arg_true()[0])] = None
    patterns = frame.select(pl.concat_list(pl.all().is_null()).alias("gaps")).with_row_index("place")
    firsts = patterns.group_by("gaps", maintain_order=True).first().get_column("place")
    places |= dict.fromkeys(firsts.head(count // 2).to_list())
    random = np.random.default_rng(0).permutation(frame.height)
    for place in random:
        if len(places) >= min(count, frame.height):
            break
        places[int(place)] = None
    return sorted(list(places)[:count])
