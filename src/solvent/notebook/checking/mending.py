"""Repairs of a notebook that are safe: cells in order, seeds, paths, imports that everybody writes, and counts."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from solvent.errors import InputError, UsageError
from solvent.notebook.checking.checking import Checking, check
from solvent.notebook.checking.findings import Finding, Report, listed
from solvent.notebook.checking.rules.observed import SEEDS
from solvent.notebook.flow.program import Program, Unit, read_program
from solvent.notebook.observing.kernel import Ran
from solvent.notebook.observing.scratch import tail_of
from solvent.notebook.reading.commands import make_plain
from solvent.notebook.reading.percent import repairable, written_percent

__all__ = ["Mended", "mend"]

_ROUNDS = 3  # a cell that runs since another was moved may show what else it needs


@dataclass(frozen=True)
class Mended:
    """The file that was written, what was repaired in it, and what a check of it still finds."""

    path: Path
    done: tuple[str, ...]
    report: Report
    backup: Path | None = None


def mend(report: Report, how: Checking, out: Path | None = None) -> Mended:
    """Repair what a report found into ``out``, or into the notebook itself with a copy beside it (``.bak``).

    If all of the repaired notebook runs, it gets the outputs and counts of that run; else counts that are out of
    order are cleared. A Python file with ``# %%`` has neither; what nobody repairs in it stands as it stood. Raises
    :class:`UsageError` for a notebook of Marimo, which puts its cells in order itself, and for another kind of file.
    """
    path = report.path
    if report.notebook is None:
        return Mended(path, (), report)
    if report.notebook.form == "marimo":
        raise UsageError(f"{path}: .ipynb files and those with '# %%' are repaired; here do what each remedy says")
    if out is not None and out.suffix != path.suffix:
        raise UsageError(f"{out}: what is repaired stays a {path.suffix} file. Give it a name that ends so")
    if not any(one.mend for one in report.findings):
        return Mended(path, (), report)
    held = _load(path)
    target, backup = out or path, None
    if out is None:
        backup = path.with_name(path.name + ".bak")
        shutil.copy2(path, backup)
    how = replace(how, folder=how.folder or path.parent)
    done: list[str] = []
    for _ in range(_ROUNDS):
        now = _repair(report, held)
        if not now and report.path == target and done:
            break
        done += now
        _write(target, held)
        report = check(target, how)
        if not now or report.notebook is None:
            break
    saves = report.notebook is not None and report.notebook.form == "ipynb"
    if saves and (done or any(one.mend == ("counts",) for one in report.findings)) and report.watched is not None:
        done += _save_run(held, report)
        _write(target, held)
        left = tuple(one for one in report.findings if one.mend != ("counts",))
        report = replace(report, findings=left)
    return Mended(target, tuple(done), report, backup)


def _repair(report: Report, held: dict[str, Any]) -> list[str]:
    """Repair the cells in place; gives what was done."""
    cells = [one for one in held["cells"] if one.get("cell_type") == "code"]
    return [
        *_mend_texts(report.findings, cells), *_mend_order(report, held, cells),
        *_mend_imports(report.findings, held), *_mend_seeds(report.findings, held),
    ]  # fmt: skip


def _load(path: Path) -> dict[str, Any]:
    if path.suffix == ".py":
        held = repairable(path, path.read_text(encoding="utf-8-sig"))
        held["metadata"]["newline"] = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
        return held
    held = json.loads(path.read_text(encoding="utf-8-sig"))
    if held.get("nbformat") != 4:
        import nbformat

        held = json.loads(nbformat.writes(nbformat.reads(json.dumps(held), as_version=4)))  # type: ignore[no-untyped-call]
    if not isinstance(held.get("cells"), list):
        raise InputError(f"{path}: it has no cells")
    return dict(held)


def _write(path: Path, held: dict[str, Any]) -> None:
    text = written_percent(held) if path.suffix == ".py" else json.dumps(held, indent=1, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8", newline=held["metadata"]["newline"] if path.suffix == ".py" else None)
    except OSError as error:
        raise UsageError(f"{path}: it cannot be written ({error.strerror})") from error


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _put(cell: dict[str, Any], source: str) -> None:
    cell["source"] = source.splitlines(keepends=True)


def _new_cell(held: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
        "source": source.splitlines(keepends=True),
    }  # fmt: skip
    if (held.get("nbformat"), held.get("nbformat_minor", 0)) >= (4, 5):
        cell["id"] = name
    return cell


# -- each kind of repair ---------------------------------------------------------------------------------------


def _mend_texts(findings: Sequence[Finding], cells: Sequence[dict[str, Any]]) -> list[str]:
    """Literals of paths, and calls of generators without a seed."""
    done: list[str] = []
    for one in findings:
        if one.cell is None or not one.mend or one.mend[0] not in ("path", "generator"):
            continue
        kind, before, now = one.mend
        cell = cells[one.cell - 1]
        source = _source(cell)
        made = _with_literal(source, before, now) if kind == "path" else _with_call(source, before, now, one.line or 1)
        if made != source:
            _put(cell, made)
            done.append(f"{one.where}: {before} became {now}")
    return done


def _with_literal(source: str, before: str, now: str) -> str:
    """The source with a text literal replaced, where it stands as one whole literal."""
    try:
        tree = ast.parse(make_plain(source).source)
    except SyntaxError:
        return source
    within = {id(part) for one in ast.walk(tree) if isinstance(one, ast.JoinedStr) for part in one.values}
    lines = source.split("\n")
    found = [
        one for one in ast.walk(tree)
        if isinstance(one, ast.Constant) and one.value == before and id(one) not in within
        and one.lineno == one.end_lineno
    ]  # fmt: skip
    for one in sorted(found, key=lambda one: (one.lineno, one.col_offset), reverse=True):
        line = lines[one.lineno - 1].encode()
        literal = line[one.col_offset : one.end_col_offset]
        try:
            same = ast.literal_eval(literal.decode()) == before
        except (SyntaxError, ValueError):
            continue
        if same:
            quote = '"' if literal.rstrip().endswith(b'"') else "'"
            new = json.dumps(now, ensure_ascii=False) if quote == '"' else repr(now)
            lines[one.lineno - 1] = (line[: one.col_offset] + new.encode() + line[one.end_col_offset :]).decode()
    return "\n".join(lines)


def _with_call(source: str, before: str, now: str, line: int) -> str:
    lines = source.split("\n")
    if line <= len(lines):
        lines[line - 1] = lines[line - 1].replace(before, now)
    return "\n".join(lines)


def _mend_imports(findings: Sequence[Finding], held: dict[str, Any]) -> list[str]:
    """Imports that everybody writes alike, and that the notebook forgot: into its first code cell."""
    wanted = list(dict.fromkeys(one.mend[1] for one in findings if one.mend and one.mend[0] == "import"))
    first = next((one for one in held["cells"] if one.get("cell_type") == "code"), None)
    if not wanted or first is None:
        return []
    if _source(first).lstrip().startswith("%%"):
        held["cells"].insert(held["cells"].index(first), _new_cell(held, "imports", "\n".join(wanted)))
    else:
        _put(first, "\n".join([*wanted, _source(first)]))
    return [f"first cell: {one}" for one in wanted]


def _mend_order(report: Report, held: dict[str, Any], cells: Sequence[dict[str, Any]]) -> list[str]:
    """Cells that make a name moved above the one that uses it, where nothing between stands in the way."""
    assert report.notebook is not None
    program = read_program(report.notebook)
    units = {unit.cell.number: unit for unit in program.units}
    done: list[str] = []
    moved: set[int] = set()
    for one in report.findings:
        if not one.mend or one.mend[0] != "move":
            continue
        maker, reader = int(one.mend[1]), int(one.mend[2])
        if maker in moved or reader in moved or maker <= reader:
            continue
        between = [units[number] for number in range(reader, maker)]
        if _may_move(program, units[maker], between):
            held["cells"].remove(cells[maker - 1])
            held["cells"].insert(held["cells"].index(cells[reader - 1]), cells[maker - 1])
            moved.add(maker)
            done.append(f"cell {maker} moved above cell {reader}")
    return done


def _may_move(program: Program, unit: Unit, between: Sequence[Unit]) -> bool:
    """Whether a cell needs nothing of those between, and makes or changes nothing that they make."""
    if unit.fault is not None or any(one.kind == "shell" for one in unit.commands):
        return False
    made = {name for one in between for each in one.statements for name in each.flow.makes}
    needs = {
        name for one in unit.statements for name in program.reads[one.place] | one.flow.alters | one.flow.makes
    }  # fmt: skip
    return not needs & made


def _mend_seeds(findings: Sequence[Finding], held: dict[str, Any]) -> list[str]:
    names = sorted({one.mend[1] for one in findings if one.mend and one.mend[0] == "seed" and one.mend[1] in SEEDS})
    if not names:
        return []
    imports = [SEEDS[name].split("\n\n")[0] for name in names]
    seeds = [SEEDS[name].split("\n\n")[1] for name in names]
    source = "\n".join(["# Each run gives the same.", *imports, "", *seeds])
    first = next((place for place, one in enumerate(held["cells"]) if one.get("cell_type") == "code"), 0)
    held["cells"].insert(first, _new_cell(held, "seeds", source))
    return [f"a first cell seeds {listed(names)}"]


def _save_run(held: dict[str, Any], report: Report) -> list[str]:
    """Outputs and counts as the run from the top gave them; counts cleared where not all of it ran."""
    assert report.watched is not None
    cells = [one for one in held["cells"] if one.get("cell_type") == "code"]
    if any(ran.status != "ok" for ran in report.watched.cells):
        if any(one.kind == "order" for one in report.findings):
            for cell in cells:
                cell["execution_count"] = None
            return ["counts are cleared, for it does not run to its end"]
        return []
    number = 0
    folder = report.path.resolve().parent
    for cell, unit, ran in zip(cells, report.watched.program.units, report.watched.cells, strict=True):
        if not unit.cell.source.strip():
            cell["execution_count"] = None
            continue
        number += 1
        cell["execution_count"] = number
        if not any(one.kind in ("shell", "install") for one in unit.commands):
            cell["outputs"] = _outputs(ran, number, folder)
    return ["outputs and counts are those of a run from the top"]


def _outputs(ran: Ran, number: int, folder: Path) -> list[Any]:
    # What was shown of the scratch copy is said of the folder that it copies.
    text = json.dumps([dict(one) for one in ran.outputs])
    text = re.sub(
        r"[^\s\"']*?/solvent-check-\w+/\d/" + re.escape(tail_of(folder).as_posix()), lambda _: str(folder), text
    )
    outputs = json.loads(text)
    for one in outputs:
        if one.get("output_type") == "execute_result":
            one["execution_count"] = number
        one.pop("transient", None)
    return list(outputs)
