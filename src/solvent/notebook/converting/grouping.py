"""Grouping statements into steps: by what they are for, by the headings above them, and by what has to be handed on."""

from __future__ import annotations

import ast
import keyword
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from solvent.notebook.converting.keeping import Sorted
from solvent.notebook.flow.chains import FILE, Chains, hidden, said_name
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.roles import Role, draws

__all__ = ["StepDraft", "group_statements", "made_again", "passed_over"]

_COARSE: Mapping[Role, str] = {
    "load": "load", "clean": "prepare", "feature": "prepare", "split": "split", "fit": "fit", "evaluate": "evaluate",
    "export": "export", "view": "prepare", "import": "prepare", "definition": "prepare",
}  # fmt: skip
_MOST_LINES = 45


@dataclass
class StepDraft:
    """A step to be: its statements, what it is given, and what it hands on.

    ``inputs`` maps names to the number of the step that made them; ``outputs`` are names that later steps, views or
    the end need, ``renamed`` tables among them that get a plain form. ``given`` are the classes of the inputs,
    ``reason`` says why the step is larger than it should be.
    """

    statements: list[Statement]
    role: str
    heading: str = ""
    name: str = ""
    inputs: dict[str, int] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    reason: str = ""
    renamed: frozenset[str] = frozenset()
    given: dict[str, str] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """How many lines of code it has."""
        return sum(one.text.count("\n") + 1 for one in self.statements)

    @property
    def cells(self) -> list[int]:
        """The cells that it was made of."""
        return sorted({one.cell for one in self.statements})


def group_statements(program: Program, sorted_: Sorted, chains: Chains) -> list[StepDraft]:
    """The steps, in order, with their inputs and outputs; each is named."""
    headings = headings_of(program)
    drafts: list[StepDraft] = []
    drawn = _drawn(sorted_, chains)
    for one in sorted_.steps:
        role = _COARSE[sorted_.roles[one.place]]
        heading = headings.get(one.cell, "")
        last = drafts[-1] if drafts else None
        if last is not None and _continues(last, one, role, heading) and not _hides(last, [one], drawn, chains):
            last.statements.append(one)
        else:
            drafts.append(StepDraft([one], role, heading))
    drafts = _absorb(drafts, drawn, chains)
    drafts = _bind(drafts, program, sorted_, chains)
    _name(drafts, sorted_)
    return drafts


def headings_of(program: Program) -> dict[int, str]:
    """The last heading above each code cell."""
    found: dict[int, str] = {}
    heading = ""
    for cell in program.notebook.cells:
        if cell.kind == "markdown":
            for line in cell.source.splitlines():
                hit = re.match(r"^#{1,6}\s+(.*)$", line)
                if hit:
                    heading = re.sub(r"[*_`#]|<[^>]*>|\[([^\]]*)\]\([^)]*\)", r"\1", hit[1]).strip()
        elif cell.is_code:
            found[cell.number] = heading
    return found


def _continues(last: StepDraft, one: Statement, role: str, heading: str) -> bool:
    if role != last.role:
        return False
    new_cell = one.cell != last.statements[-1].cell
    if heading != last.heading and new_cell and last.lines >= 3:
        return False
    return not (new_cell and last.lines + one.text.count("\n") + 1 > _MOST_LINES)


def _drawn(sorted_: Sorted, chains: Chains) -> dict[int, set[str]]:
    """What plots draw, by the places of the statements that made it: the names."""
    cells = {one.cell for one in sorted_.views if draws(one)}
    found: dict[int, set[str]] = {}
    for one in sorted_.views:
        if one.cell in cells:
            for name, maker in chains.takes[one.place].items():
                found.setdefault(maker, set()).add(name)
    return found


def _hides(last: StepDraft, more: Sequence[Statement], drawn: Mapping[int, set[str]], chains: Chains) -> bool:
    """Whether statements would change what a plot shows of the step that they went into."""
    shown = set().union(*(drawn.get(one.place, ()) for one in last.statements))
    return any(shown & chains.makes[one.place] for one in more)


def passed_over(drafts: Sequence[StepDraft], chains: Chains) -> set[tuple[int, str]]:
    """What steps make and alter again, so that they do not hand it on as it was: (place of the statement, name)."""
    found: set[tuple[int, str]] = set()
    for draft in drafts:
        latest: dict[str, int] = {}
        for one in draft.statements:
            for name in chains.makes[one.place]:
                if name in latest:
                    found.add((latest[name], name))
                latest[name] = one.place
    return found


def _absorb(drafts: list[StepDraft], drawn: Mapping[int, set[str]], chains: Chains) -> list[StepDraft]:
    """Small pieces of preparation go to the step that they serve: an assignment between two fits is no step."""
    made: list[StepDraft] = []
    for place, one in enumerate(drafts):
        after = drafts[place + 1] if place + 1 < len(drafts) else None
        if made and _hides(made[-1], one.statements, drawn, chains):
            made.append(one)
        elif (
            one.role == "prepare" and one.lines <= 2 and made and after is not None and after.role == made[-1].role
        ) or (
            made
            and made[-1].role == one.role
            and made[-1].heading == one.heading
            and (made[-1].lines + one.lines <= _MOST_LINES)
        ):
            made[-1].statements += one.statements
        else:
            made.append(one)
    return made


def _bind(drafts: list[StepDraft], program: Program, sorted_: Sorted, chains: Chains) -> list[StepDraft]:
    """Steps with inputs and outputs; steps that would hand on what cannot be kept become one."""
    while True:
        _wire(drafts, program, sorted_, chains)
        pair = _inseparable(drafts, program, sorted_)
        if pair is None:
            return drafts
        first, last, why = pair
        merged = StepDraft(
            [one for draft in drafts[first : last + 1] for one in draft.statements],
            drafts[last].role, drafts[first].heading, reason=why,
        )  # fmt: skip
        drafts[first : last + 1] = [merged]


def _wire(drafts: list[StepDraft], program: Program, sorted_: Sorted, chains: Chains) -> None:
    where = {one.place: number for number, draft in enumerate(drafts) for one in draft.statements}
    needed: list[set[str]] = [set() for _ in drafts]
    for number, draft in enumerate(drafts):
        draft.inputs = {}
        for one in draft.statements:
            for name, maker in chains.takes[one.place].items():
                source = where.get(maker)
                if source is not None and source != number:
                    draft.inputs.setdefault(name, source)
                    needed[source].add(name)
    steps = {one.place: one for one in sorted_.steps}
    cells: dict[int, list[Statement]] = {}
    for one in sorted_.views:
        cells.setdefault(one.cell, []).append(one)
    gone = passed_over(drafts, chains)
    for views in cells.values():
        for one in (*views, *made_again(views, steps, chains, gone)):
            for name, maker in chains.takes[one.place].items():
                if maker in where:
                    needed[where[maker]].add(name)
    for name, maker in chains.last.items():
        if maker in where and (name in sorted_.survivors or name.startswith(FILE)):
            needed[where[maker]].add(name)
    for number, draft in enumerate(drafts):
        order = [name for one in draft.statements for name in _in_order(one, chains.makes[one.place])]
        draft.outputs = [
            name for name in dict.fromkeys(order)
            if name in needed[number] and (name in sorted_.renamed or not unkept(draft.statements, name))
        ]  # fmt: skip
        draft.renamed = frozenset(name for name in draft.outputs if unkept(draft.statements, name))


def made_again(
    statements: Sequence[Statement], steps: Mapping[int, Statement], chains: Chains, gone: Collection[tuple[int, str]]
) -> list[Statement]:
    """The statements of steps that a view has to carry out itself.

    What they make is not kept, and the view draws that; or it is altered again in the same step (``gone`` tells); or
    the view gives their name to something else before.
    """
    found: dict[int, Statement] = {}
    while True:
        all_ = [*statements, *found.values()]
        more = {
            maker: steps[maker]
            for one in all_ for name, maker in chains.takes[one.place].items()
            if maker in steps and maker not in found
            and ((maker, name) in gone or _is_unkept(steps[maker], name) or _is_hidden(all_, one, name, maker))
        }  # fmt: skip
        if not more:
            return [found[place] for place in sorted(found)]
        found |= more


def _is_unkept(maker: Statement, name: str) -> bool:
    return maker.event is not None and bool(maker.event.unkept.get(name))


def _is_hidden(statements: Sequence[Statement], reader: Statement, name: str, maker: int) -> bool:
    """Whether a statement above the reader gives the name to something else, so that it is not what the maker made."""
    return any(name in one.bound and one.place < reader.place and one.place != maker for one in statements)


def _in_order(statement: Statement, names: Iterable[str]) -> list[str]:
    """Names in the order in which a statement's text has them; those that it has not come last."""
    places: dict[str, tuple[int, int]] = {}
    for node in ast.walk(statement.node):
        if isinstance(node, ast.Name):
            places.setdefault(node.id, (node.lineno, node.col_offset))
    return sorted(names, key=lambda name: (name not in places, places.get(name, (0, 0)), name))


def _inseparable(drafts: list[StepDraft], program: Program, sorted_: Sorted) -> tuple[int, int, str] | None:
    """Two steps between which something goes that cannot be kept, or that is one object by two names."""
    for number, draft in enumerate(drafts):
        for name, source in draft.inputs.items():
            if name.startswith(FILE) and not _named_in(draft, name.removeprefix(FILE), sorted_):
                return source, number, f"the file {name.removeprefix(FILE)} is written and read again"
            if hidden(name):
                continue
            why = unkept(drafts[source].statements, name)
            if why:
                return source, number, f"{name} cannot be handed on ({why})"
    shared = _shared(drafts, program)
    if shared is not None:
        return shared
    return None


def _named_in(draft: StepDraft, path: str, sorted_: Sorted) -> bool:
    """Whether all statements of a step that read a file name it by a literal, or by a constant."""
    for one in draft.statements:
        if one.event is None or path not in {opened for opened, _ in one.event.files}:
            continue
        nodes: list[ast.AST] = [
            one.node,
            *(sorted_.constants[name].node for name in one.flow.reads & set(sorted_.constants)),
        ]
        texts = [part.value for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant)]
        if not any(isinstance(text, str) and os.path.normpath(text) == os.path.normpath(path) for text in texts):
            return False
    return True


def _shared(drafts: list[StepDraft], program: Program) -> tuple[int, int, str] | None:
    """One object under two names, or two that share memory, of which a later step alters one and reads the other."""
    where = {one.place: number for number, draft in enumerate(drafts) for one in draft.statements}
    for one in program.statements:
        if one.event is None or one.place not in where:
            continue
        for name in one.altered:
            twins = {other for group in one.event.alike if name in group for other in group}
            others = twins | (one.altered - program.reads[one.place] - one.flow.alters)
            for other in (others - {name}) & set(drafts[where[one.place]].outputs):
                for source in {drafts[where[one.place]].inputs.get(n) for n in (name, other)} - {None}:
                    assert source is not None
                    first = min(source, where[one.place])
                    same = "are one object" if other in twins else "share their memory"
                    return first, where[one.place], f"{name} and {other} {same}, and {name} is altered"
    return None


def unkept(statements: Sequence[Statement], name: str) -> str:
    """Why the value that the last of these statements gave a name cannot be handed on; empty if it can."""
    for one in reversed(statements):
        if one.event is not None and name in one.event.kinds:
            return one.event.unkept.get(name, "")
    return ""


_VERBS = {
    "load": "load",
    "prepare": "prepare",
    "split": "split",
    "fit": "fit",
    "evaluate": "evaluate",
    "export": "export",
}
_STOP = frozenset(
    {"the", "a", "an", "of", "and", "to", "our", "in", "on", "for", "with", "let", "s", "us", "lets", "now", "is", "it"}
)

_LAST = frozenset(
    {"into", "using", "from", "by", "at", "as", "we", "how", "what", "that", "this", "be", "or", "via", "per"}
)
_PLAIN_VERBS = {
    "reading": "read", "loading": "load", "splitting": "split", "preparing": "prepare", "making": "make",
    "fitting": "fit",
    "training": "train", "building": "build", "cleaning": "clean", "evaluating": "evaluate", "creating": "create",
    "handling": "handle", "removing": "remove", "adding": "add", "saving": "save", "encoding": "encode",
    "scaling": "scale", "predicting": "predict", "testing": "test", "importing": "import", "exploring": "explore",
    "choosing": "choose", "selecting": "select", "tuning": "tune", "comparing": "compare", "computing": "compute",
}  # fmt: skip


def _name(drafts: Sequence[StepDraft], sorted_: Sorted) -> None:
    """Names: the words of a heading where it is one step's alone, else what is done and to what."""
    count: dict[str, int] = {}
    for one in drafts:
        count[one.heading] = count.get(one.heading, 0) + 1
    code = {name for one in (*sorted_.imports, *sorted_.definitions) for name in one.flow.makes}
    in_use = {*sorted_.constants, *code, *(out for draft in drafts for out in draft.outputs)}
    taken: set[str] = set()
    for one in drafts:
        words = [word for word in re.findall(r"[a-z0-9]+", one.heading.lower()) if word not in _STOP][:4]
        while words and words[0].isdigit():
            words.pop(0)
        while words and words[-1] in _LAST:
            words.pop()
        words[:1] = [_PLAIN_VERBS.get(word, word) for word in words[:1]]
        subject = _subject(one)
        plain = f"{_VERBS[one.role]}_{subject}" if subject else _VERBS[one.role]
        name = "_".join(words) if words and count[one.heading] == 1 and len(words) > 1 else plain
        name = name if name.isidentifier() and not keyword.iskeyword(name) else plain
        if name in in_use:
            name = f"{name}_step" if name == plain else plain
        made, number = name, 2
        while made in taken:
            made, number = f"{name}_{number}", number + 1
        taken.add(made)
        one.name = made


def _subject(one: StepDraft) -> str:
    """The name that tells best what a step is about: its only output, or the first that is a table or model."""
    names = [name for name in one.outputs if not hidden(name)]
    if not names:  # what it writes
        names = [said_name(name) for name in one.outputs if name.startswith(FILE)]
    if not names:
        return ""
    return re.sub(r"\W|^(?=\d)", "_", names[0]).strip("_").lower() if len(names) == 1 else ""
