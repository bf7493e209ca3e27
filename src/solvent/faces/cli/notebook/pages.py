"""What a check found as annotations of a workflow on GitHub, and as a page that needs no other file."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence

from solvent.faces.cli.output import safe
from solvent.notebook.checking.findings import KINDS, Finding, Report, count
from solvent.notebook.checking.rules.secrets import mask, secrets_of
from solvent.notebook.reading.cells import Notebook

__all__ = ["annotate", "page"]


def annotate(report: Report) -> Iterator[str]:
    """A line for each finding, which GitHub shows beside the line of the file."""
    lines = _lines_of(report.notebook) if report.notebook else {}
    for one in report.findings:
        level = "error" if one.severity == "fault" else "notice"
        line = lines.get((one.cell or 0, one.line or 1), lines.get((one.cell or 0, 1), 1))
        title = f"{one.where}: {KINDS[one.kind]}"
        text = safe(f"{one.text} → {one.remedy}")
        yield f"::{level} file={_property(str(report.path))},line={line},title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(safe(text)).replace(":", "%3A").replace(",", "%2C")


def _lines_of(notebook: Notebook) -> dict[tuple[int, int], int]:
    """Cell and line to the line of the file; in an .ipynb each line of a cell is looked for where it is written."""
    if notebook.form != "ipynb":
        return {
            (cell.number, line): cell.line + line - 1
            for cell in notebook.code for line in range(1, cell.source.count("\n") + 2)
        }  # fmt: skip
    try:
        text = notebook.path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[tuple[int, int], int] = {}
    at = 0
    for cell in notebook.code:
        lines = cell.source.split("\n")
        for number, line in enumerate(lines, 1):
            ends = {
                json.dumps(line + end, ensure_ascii=plain) for end in ("", "\n") for plain in (True, False)
            }  # fmt: skip
            hit = next(
                (place for place in range(at, len(text)) if text[place].strip().rstrip(",") in ends
                 or (len(lines) == 1 and any(text[place].strip().endswith(end) for end in ends))),
                None,
            )  # fmt: skip
            if hit is not None:
                found[cell.number, number] = hit + 1
                at = hit + 1
    return found


_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem;overflow-wrap:anywhere}
pre{background:#f5f6f8;padding:.6rem .8rem;overflow-x:auto;border-radius:4px;margin:.2rem 0;font-size:13px}
.cell{display:grid;grid-template-columns:4rem 1fr;gap:.5rem;margin:.6rem 0}.n{color:#59636e;text-align:right}
.f{border-left:4px solid #b42318;padding:.2rem .7rem;margin:.3rem 0}.f.hint{border-color:#8a6d00}
.f b{display:block}.marked{background:#fde7e4;display:block}.remedy{color:#3d4650}
@media(prefers-color-scheme:dark){body{background:#14171a;color:#e4e7ea}pre{background:#20252a}.n,.remedy{color:#a2abb5}
.marked{background:#4a211d}}
"""


def page(reports: Sequence[Report]) -> str:
    """One page for all notebooks: their cells, and beside each what was found in it."""
    good = sum(one.ok for one in reports)
    body = "".join(map(_notebook, reports))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Notebooks</title>'
        f"<style>{_STYLE}</style></head><body><h1>{good} of {count(len(reports), 'notebook')} without a fault</h1>"
        f"{body}</body></html>\n"
    )


def _notebook(report: Report) -> str:
    head = (
        f"<h2>{_text(report.path)}</h2><p>{count(len(report.faults), 'fault')}, {count(len(report.hints), 'hint')}</p>"
    )
    parts = [head, *(_finding(one) for one in report.findings if one.cell is None)]
    if report.notebook is None:
        return "".join(parts)
    secrets = secrets_of(report.notebook)
    for cell in report.notebook.code:
        found = [one for one in report.findings if one.cell == cell.number]
        marked = {one.line for one in found if one.severity == "fault"}
        lines = [
            f'<span class="marked">{_text(line) or " "}</span>' if number in marked else f"{_text(line)}\n"
            for number, line in enumerate(mask(cell.source, secrets).split("\n"), 1)
        ]
        parts.append(
            f'<div class="cell"><div class="n">{cell.number}</div><div><pre>{"".join(lines)}</pre>'
            f"{''.join(map(_finding, found))}</div></div>"
        )
    return "".join(parts)


def _finding(one: Finding) -> str:
    return (
        f'<div class="f {one.severity}"><b>{_text(one.severity)}: {_text(KINDS[one.kind])}, {_text(one.where)}</b>'
        f'{_text(one.text)}<div class="remedy">→ {_text(one.remedy)}</div></div>'
    )


def _text(value: object) -> str:
    return html.escape(safe(value))
