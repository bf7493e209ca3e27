"""Exploring: steps that are called outside of pipelines are recorded and reused, and give real values."""

from __future__ import annotations

import atexit
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.catalog import write
from solvent.config import Block, bind, load_settings
from solvent.engine.events import silent
from solvent.engine.execute.calling.measure import restore_ambient, save_ambient
from solvent.engine.execute.driver import do
from solvent.engine.execute.hand import State
from solvent.engine.execute.session import Session
from solvent.engine.planning.key import derive_seed
from solvent.engine.planning.plan import NodePlan, Plan, Request, kinds_given, plan_node
from solvent.engine.record.commit import CommitReader
from solvent.engine.running import open_run
from solvent.errors import SettingsError
from solvent.graph.node import Graph, Node
from solvent.graph.pipelines import Pipeline
from solvent.graph.promise import caller_line
from solvent.graph.steps import RECORDERS, Options, Step

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["Recorder", "begin", "end"]


class Recorder:
    """Answers eager calls: each is a step run of one exploration run."""

    def __init__(self, project: Home, label: str | None = None) -> None:
        self.project = project
        self.last: State | None = None
        """What became of the last call."""
        self._prefix = ""
        self._used: dict[str, int] = {}
        self._coded: set[str] = set()
        self._commit = CommitReader(project.root)
        settings = load_settings([], root=project.root)
        self._block = Block.empty()
        graph = Graph(label or _label())
        self._plan = Plan(
            graph.name, Pipeline(_nothing, Options()), graph, settings, 0, {}, {}, {},
            frozenset(), None, digest.of_structure("exploration.1", time.time()), False, False,
        )  # fmt: skip
        self._start, self.run = open_run(self._plan, project, "exploration", time.time())
        self._session = Session(self._plan, Request(None), project, self.run, silent, do)
        self._session.capture.__enter__()

    def call(self, step: Step[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Carry out one eager call, or reuse its result, and give the real value."""
        data, code = step.split(args, kwargs)
        name = step.label or step.name
        problems: list[Any] = []
        block = self._block if step.options.beside else self._block.child(name)
        bound = bind(_specs(step, code), code, block, where=name, problems=problems)
        if problems:
            raise SettingsError(problems)
        if isinstance(step, Pipeline):
            before = self._prefix, self._block
            self._prefix, self._block = f"{self.path(name)}/", block
            try:
                return step.invoke(data, {key: one.value for key, one in bound.items()})
            finally:
                self._prefix, self._block = before
        path = self.path(name)
        if "seed" not in bound and any(one.name == "seed" for one in step.signature.settings):
            from solvent.config import Bound, Origin

            bound["seed"] = Bound(derive_seed(0, path), Origin("derived from the run's seed"), ())
        if step.options.given is not None:
            data = step.options.given(data, {}, path)
        fields = step.signature.outputs.fields
        node = Node(path, "step", step, data, dict(bound), step.options, caller_line(), outputs=fields)
        return self._do(node)

    def value(self, digest: str, wanted: Any) -> Any:
        """The value of an artifact that a call made, as ``wanted`` asks for it."""
        return self._session.values.get(digest, wanted)

    def configure(self, file: Path | None) -> tuple[str, ...]:
        """Take the settings of steps from a file from now on (from none again); gives the steps that it speaks of.

        It is read as it is now. What it says of settings counts; ``use``, ``options`` and inputs are a pipeline's.
        """
        secrets = self.project.file.secret
        sources = [] if file is None else [file]
        self._block = load_settings(sources, root=self.project.root, secrets=secrets).root_block
        return self._block.children

    def map(self, step: Step[Any, Any], items: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a step for each item."""
        if isinstance(items, dict):
            return {key: self.call(step, (item, *rest), kwargs) for key, item in items.items()}
        return [self.call(step, (item, *rest), kwargs) for item in items]

    def when(self, flag: Any, then: Step[Any, Any], data: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a step if the flag is true."""
        return self.call(then, data, kwargs) if flag else None

    def path(self, name: str) -> str:
        """The place of one more step run of this name: ``clean``, then ``clean-2``."""
        first = path = self._prefix + name
        while path in self._used:
            self._used[first] += 1
            path = f"{first}-{self._used[first]}"
        self._used[path] = 1
        return path

    def settle(self) -> None:
        """Wait until every call that ended is recorded."""
        self._session.writer.settle()

    def close(self, failed: bool) -> None:
        """End the exploration run."""
        session = self._session
        session.writer.close()
        session.meter.close()
        session.capture.__exit__(None, None, None)
        git = self._commit.result()
        with self.project.catalog.write() as tx:
            if "diff" in git:
                git["diff"] = write.add_text(tx, "diff", git["diff"])
            write.end_run(
                tx, self.run[0], "failed" if failed else "succeeded", time.time(), record={**self._start.record, **git},
                whole=False,
            )  # fmt: skip

    def _do(self, node: Node) -> Any:
        constants: dict[str, Any] = {}
        self.project.code.refresh()  # between two calls a cell may have changed a global, or a file been edited
        one: NodePlan = plan_node(node, self.project, constants)
        if node.step.options.kinds is not None:
            one.given = kinds_given(node, {})
        self._plan.nodes[node.path] = one
        self._plan.constants.clear()
        self._plan.constants.update(constants)
        self._session.keep_constants()
        self._keep_code(one)
        before, self.last = save_ambient(), None
        try:
            state: State = self._session.do(self._session, one, self._session.top)
            self.last = state
        finally:
            restore_ambient(before)
        if not state.done:
            raise self._session.failures[-1][1]
        outputs = node.step.signature.outputs
        kinds = one.kinds()
        return outputs.join(
            {name: self._session.values.get(made, kinds.get(name, Any)) for name, made in state.outputs.items()}
        )

    def _keep_code(self, one: NodePlan) -> None:
        """The code of a step is kept with the first call of it, so that later ones can say what changed."""
        found = one.fingerprint
        if found is not None and found.digest not in self._coded:
            self._coded.add(found.digest)
            with self.project.catalog.write() as tx:
                write.add_closure(tx, found.digest, found.to_json)


def begin(project: Home, label: str | None = None) -> Recorder:
    """Switch recording of eager calls on; ``label`` names the exploration (by default after the script)."""
    recorder = Recorder(project, label)
    RECORDERS.append(recorder)
    atexit.register(_end_at_exit, recorder)
    return recorder


def end(project: Home, failed: bool = False) -> None:
    """Switch the last recording of this project off, and end its run."""
    for recorder in reversed(RECORDERS):
        if isinstance(recorder, Recorder) and recorder.project is project:
            RECORDERS.remove(recorder)
            atexit.unregister(_end_at_exit)
            recorder.close(failed)
            return


def _end_at_exit(recorder: Recorder) -> None:
    if recorder in RECORDERS:
        RECORDERS.remove(recorder)
        recorder.close(False)


def _specs(step: Step[Any, Any], code: dict[str, Any]) -> list[Any]:
    from solvent.config import REQUIRED

    return [
        one
        for one in step.signature.settings
        if not (one.name == "seed" and one.default is REQUIRED and "seed" not in code)
    ]


def _label() -> str:
    from solvent.names import is_name

    stem = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] else ""
    return stem if is_name(stem) and "ipykernel" not in sys.argv[0] else "exploration"


def _nothing() -> None:
    """The pipeline of an exploration: there is none."""
