"""What a conversion came to, as a page: from cells to steps, what was left out and why, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from solvent.notebook.converting.writing.offering import find_offers
from solvent.notebook.flow.chains import hidden

if TYPE_CHECKING:
    from solvent.notebook.converting.conversion import Conversion

__all__ = ["word_readme"]


def word_readme(made: Conversion) -> str:
    """The project's README."""
    assert made.project is not None
    name = made.project.name
    lines = [
        f"# {name}", "", f"Made of the notebook `{made.notebook.path.name}` by `solvent notebook convert`.", "",
        "```sh", f"solvent run {name}.yaml     # runs it; what is unchanged is reused",
        f"solvent show {name}-1        # looks at what came out", "pytest                      # the test", "```", "",
        "## From cells to steps", "", "| cells | step | is given | gives |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    for draft in made.drafts:
        given = ", ".join(f"`{one}`" for one in draft.inputs if not hidden(one))
        gives = ", ".join(f"`{one}`" for one in draft.outputs if not hidden(one))
        lines.append(f"| {_cells(draft.cells)} | `{draft.name}` | {given} | {gives} |")
    for view in made.views:
        given = ", ".join(f"`{one}`" for one in view.inputs if not hidden(one))
        lines.append(f"| {view.statements[-1].cell} | `{view.name}` | {given} | figures |")
    lines += ["", "## The proof", "", *_proof(made), ""]
    large = [draft for draft in made.drafts if draft.reason]
    if large:
        lines += ["## Steps that could not be divided", ""]
        lines += [f"- `{draft.name}` (cells {_cells(draft.cells)}): {draft.reason}" for draft in large] + [""]
    offers = find_offers(made.sorted) if made.sorted is not None else []
    if offers:
        lines += ["## Solvent's own steps for some of this", "", "| cell | in the notebook | instead | adds |",
                  "| --- | --- | --- | --- |"]  # fmt: skip
        for offer in offers:
            lines.append(f"| {offer.statement.cell} | {offer.found} | `{offer.yaml}` | {offer.adds} |")
        lines.append("")
    if made.left_out:
        lines += ["## What was left out", ""]
        for one in made.left_out:
            text = one.statement.text.strip().splitlines()[-1][:80].replace("`", "'")
            lines.append(f"- {one.statement.label}: `{text}`: {one.why}")
        lines.append("")
    return "\n".join(lines)


def _proof(made: Conversion) -> list[str]:
    proof = made.proof
    if proof is None or not proof.ran:
        return [f"The pipeline does not run: {proof.error if proof else made.reason}"]
    lines = [
        "The pipeline was run in a process of its own, and each value that the notebook had at its end was compared.",
        "",
        "| value | step | is | |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    assert made.project is not None
    for name, one in proof.values.items():
        step, output = made.project.values.get(name, (made.project.inside.get(name, ""), None))
        place = f"`{step}.{output}`" if output else f"`{step}`" if step else ""
        why = " ".join(one.why.replace("|", "\\|").split())[:160]
        lines.append(f"| `{name}` | {place} | {one.verdict} | {why} |")
    again = ", ".join(proof.again)
    lines += ["", f"Run again, {f'these steps were done again: {again}' if again else 'everything was reused'}."]
    return lines


def _cells(cells: Sequence[int]) -> str:
    """Cell numbers with runs of them as ``4–7``."""
    parts: list[list[int]] = []
    for one in cells:
        if parts and one == parts[-1][-1] + 1:
            parts[-1].append(one)
        else:
            parts.append([one])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in parts)
