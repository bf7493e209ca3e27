"""``%%step``: a cell that is carried out once for the same code and the same data, and reused from then on."""

from __future__ import annotations

import linecache
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from solvent.archive.catalog import query, write
from solvent.data.family import asking_for, frames_in
from solvent.engine.views.run import StepRun
from solvent.errors import DataError, DefinitionError, SolventError, UsageError
from solvent.graph.annotation import Outputs
from solvent.graph.signature import Data, Signature
from solvent.graph.steps import Options, Step, make_options
from solvent.names import check_name
from solvent.notebook.magic.bodies import Body, make_body
from solvent.notebook.magic.failing import answered
from solvent.notebook.magic.holding import Held
from solvent.notebook.observing.inside.stamps import glance

if TYPE_CHECKING:
    from solvent.engine.exploring import Recorder
    from solvent.notebook.magic.tracking import Tracker

__all__ = ["step_cell"]

_FUTURE = 0x1FE0000
_NOT_KEPT = "not kept"
_USE = "%%step [NAME] [-> OUTPUT, …] [--no-reuse] [--reuse '1 day']"


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands behind ``%%step``."""

    name: str | None
    gives: tuple[str, ...] | None
    options: Options


class _CellStep(Step[Any, Any]):
    """The function of a cell as a step; what it binds and cannot be kept stays with the session."""

    def __init__(
        self, raw: Callable[..., Any], name: str, body: Body, asked: Asked, kept: Callable[[Any], bool]
    ) -> None:
        super().__init__(raw, asked.options, name)
        gives = asked.gives if asked.gives is not None else body.gives
        self.gives = gives
        self.strict = asked.gives is not None
        self.kept = kept
        self.bound: Mapping[str, Any] = {}
        record: Any = NamedTuple(name.replace("-", "_"), [(one, Any) for one in gives]) if gives else type(None)
        taken = (Data(one, asking_for(kind) if kind else Any) for one, kind in body.frames.items())
        self._signature = Signature(tuple(taken), (), Outputs(record))

    def invoke(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
        """Call the function, and take its outputs from what it bound."""
        self.bound = bound = self.raw(*data.values())
        if not self.gives:
            return None
        missing = [one for one in self.gives if one not in bound]
        if missing and self.strict:
            raise UsageError(f"%%step {self.name}: the cell did not make {', '.join(missing)}, which -> names")
        return self.signature.outputs.join({one: self._output(one) for one in self.gives})

    def told(self) -> dict[str, Any]:
        """The kinds of frames that it made: a table knows none, and a cell that is reused gives what it gave."""
        frames = [f"{one}: {kind}" for one in self.gives if (kind := frames_in(self.bound.get(one))) is not None]
        return {"frames": frames} if frames else {}

    def _output(self, name: str) -> Any:
        if name not in self.bound:
            return {_NOT_KEPT: "the cell did not bind it"}
        value = self.bound[name]
        return value if self.strict or self.kept(value) else {_NOT_KEPT: type(value).__qualname__}


def step_cell(shell: Any, tracker: Tracker | None) -> Callable[[str, str], None]:
    """The magic ``%%step`` of a session."""

    def step(line: str, cell: str) -> None:
        """Make a step of this cell: %%step [NAME] [-> OUTPUT, …] [--no-reuse] [--reuse '1 day']."""
        __tracebackhide__ = True
        answered(lambda: _carry_out(shell, tracker, _asked(line), shell.transform_cell(cell)))

    return step


def _asked(line: str) -> Asked:
    left, arrow, right = line.partition("->")
    gives: list[str] = []
    options: dict[str, Any] = {}
    name: str | None = None
    try:
        words, more = shlex.split(left), shlex.split(right.replace(",", " "))
    except ValueError as error:
        raise UsageError(f"{error}. Write {_USE}") from None
    for place, all_words in enumerate((words, more)):
        waiting = iter(all_words)
        for word in waiting:
            if word == "--no-reuse":
                options["reuse"] = False
            elif word == "--reuse":
                options["reuse"] = next(waiting, "")
            elif word.startswith("-"):
                raise UsageError(f"%%step knows no {word}. Write {_USE}")
            elif place:
                gives.append(word)
            elif name is None:
                name = word
            else:
                raise UsageError(f"%%step takes one name, and {word!r} is a second one. Write {_USE}")
    try:
        if name is not None:
            check_name(name, "a step")
        wrong = next((one for one in gives if not one.isidentifier() or one.startswith("_")), None)
        if wrong is not None or (arrow and not gives):
            raise UsageError(f"-> is followed by names of variables, not by {wrong or 'nothing'}. Write {_USE}")
        return Asked(name, tuple(dict.fromkeys(gives)) if arrow else None, make_options(Options(), options))
    except (ValueError, DefinitionError) as error:
        raise UsageError(str(error)) from None


def _carry_out(shell: Any, tracker: Tracker | None, asked: Asked, source: str) -> None:
    __tracebackhide__ = True
    space = shell.user_ns
    kept = _keeper(tracker)
    body = make_body(asked.name or "step", source, space, kept)
    gives = asked.gives if asked.gives is not None else body.gives
    name = asked.name or (gives[-1] if gives else "step")
    if body.before.strip():
        exec(_compiled(shell, body.before), space)
    holder: dict[str, Any] = {}
    exec(_compiled(shell, body.function), space, holder)
    function = holder[body.name]
    values = [space[one] for one in body.takes]
    if tracker is None:
        made = function(*values)
        space.update((one, made[one]) for one in gives if one in made)
        return
    step = _CellStep(function, name, body, asked, kept)
    try:
        result = tracker.recorder.call(step, tuple(values), {})
    except SolventError:  # what it made and cannot be kept is not lost with the error
        space.update((one, step.bound[one]) for one in gives if one in step.bound)
        raise
    state = tracker.recorder.last
    if state is not None and state.status == "reused" and _incomplete(step, result):
        step.options = make_options(step.options, {"reuse": False})
        result = tracker.recorder.call(step, tuple(values), {})
        state = tracker.recorder.last
    assert state is not None
    _bind(space, step, _as_made(tracker, step, state, result))
    _note(tracker, step, state, body)
    _tell(tracker, name, state, gives)


def _keeper(tracker: Tracker | None) -> Callable[[Any], bool]:
    """Whether a value can be kept. Containers and untidy tables are looked into; of other values the class says it."""
    if tracker is None:
        return lambda _: True
    archive = tracker.recorder.project.archive

    def kept(value: Any) -> bool:
        try:
            if type(value) in (list, tuple, dict, set, frozenset) or _is_untidy(value):
                archive.prepare(value).sink.clean()
            else:
                archive.formats.find(value)
        except DataError:
            return False
        return not hasattr(type(value), "__next__") and not hasattr(type(value), "__await__")

    return kept


def _is_untidy(value: Any) -> bool:
    """Whether a frame may be one that no table keeps: of pandas, with names that are no text, or columns of objects."""
    if frames_in(value) != "pandas.DataFrame":
        return False
    names = list(value.columns)
    return len(set(map(str, names))) < len(names) or any(
        type(name) is not str or str(kind) == "object" for name, kind in zip(names, value.dtypes, strict=True)
    )


def _compiled(shell: Any, text: str) -> Any:
    """Code whose text can be found again, by tracebacks and by fingerprints."""
    name = shell.compile.cache(text, shell.execution_count)
    linecache.cache.setdefault(name, (len(text), None, text.splitlines(True), name))
    flags = getattr(shell.compile, "flags", 0) & _FUTURE
    return compile(text, name, "exec", flags, dont_inherit=True)


def _is_unkept(value: Any) -> bool:
    return type(value) is dict and list(value) == [_NOT_KEPT]


def _incomplete(step: _CellStep, result: Any) -> bool:
    """Whether a result that is reused lacks what the session needs."""
    return bool(step.gives) and any(_is_unkept(getattr(result, one)) for one in step.gives)


def _as_made(tracker: Tracker, step: _CellStep, state: Any, result: Any) -> dict[str, Any]:
    """The outputs by name, frames as the kind of frame that the cell made when it was carried out."""
    found = {one: getattr(result, one) for one in step.gives}
    if any(frames_in(value) is not None for value in found.values()):
        frames = step.told() if state.status == "ran" else _told_before(tracker.recorder, state.step_run)
        for line in frames.get("frames", ()):
            one, _, kind = line.partition(": ")
            found[one] = tracker.recorder.value(state.outputs[one], asking_for(kind))
    return found


def _told_before(recorder: Recorder, number: int) -> dict[str, Any]:
    """What was noted when the step run was carried out whose result this one reuses."""
    recorder.settle()
    row = query.step_by_id(recorder.project.catalog, number)
    return StepRun(recorder.project, row, {}, whole=False).notes


def _bind(space: dict[str, Any], step: _CellStep, found: Mapping[str, Any]) -> None:
    for one, value in found.items():
        if not _is_unkept(value):
            space[one] = value
        elif one in step.bound:
            space[one] = step.bound[one]


def _note(tracker: Tracker, step: _CellStep, state: Any, body: Body) -> None:
    """Tell the tracker what the step made, and the catalog which cells its data came from."""
    recorder, space = tracker.recorder, tracker.shell.user_ns
    known = [tracker.known[one] for one in body.takes if one in tracker.known]
    made = []
    for one in step.gives:
        if one in space:
            held = Held(one, glance(space[one]), type(space[one]).__qualname__)
            held.digest, held.made_by = state.outputs.get(one), state.step_run
            made.append(held)

    def link() -> None:
        recorder.settle()
        with recorder.project.catalog.write() as tx:
            for held in known:
                if held.digest is not None and held.made_by is not None:
                    write.add_producer(tx, state.step_run, (held.name, held.digest), held.made_by)

    tracker.took(made)
    tracker.scribe.then(link)


def _tell(tracker: Tracker, name: str, state: Any, gives: tuple[str, ...]) -> None:
    row = query.step_by_id(tracker.recorder.project.catalog, state.step_run)
    said = f"ran {row.path}"
    if row.reused_from is not None:
        catalog = tracker.recorder.project.catalog
        said = f"reused {name} from {query.run_by_id(catalog, query.step_by_id(catalog, row.reused_from).run).name}"
    tracker.say(f"{said}: {', '.join(gives)}" if gives else said)
