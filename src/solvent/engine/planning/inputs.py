"""Inputs: what the outermost pipeline's data parameters are bound to, and how each is read."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from solvent import digest
from solvent.archive.catalog import query
from solvent.config import Settings, validate
from solvent.config.leaf import is_broken
from solvent.config.typed.structured import load_reference
from solvent.data import is_table_type
from solvent.engine.planning.fitting import misfit
from solvent.engine.references import artifact_of
from solvent.errors import ArchiveError, Corrupted, InputError, NotFound, Problem, SolventError, did_you_mean
from solvent.graph.annotation import describe
from solvent.graph.node import Node
from solvent.graph.pipelines import Pipeline
from solvent.graph.promise import Promise
from solvent.graph.signature import UNSET
from solvent.graph.steps import Options, Step

if TYPE_CHECKING:
    from solvent.archive.keeping import Pending
    from solvent.data.sources.base import Readable
    from solvent.engine.datasets.reading import DatasetSource
    from solvent.engine.home import Home

__all__ = ["MODEL_SOURCE", "Input", "bind_inputs"]

_NAMES = frozenset({"files", "url", "database", "table", "query"})
_SHOWN = 200
"""A value in the settings is recorded with the plan as it is, if it has no more characters."""
MODEL_SOURCE = "solvent.delivery.registry:ModelSource"
"""Named cold: the engine lies below delivery, and imports this only when an input says ``model:``."""


def source() -> None:
    """What stands in a plan where an input is read."""


_SOURCE: Step[Any, Any] = Step(source, Options())


@dataclass(slots=True, eq=False)
class Input:
    """One bound input. ``known`` is the digest of its artifact where that is known without reading."""

    name: str
    node: Node
    wanted: Any
    origin: str
    source: Readable | None = None
    pending: Pending | None = None
    known: str | None = None
    spec: str = ""
    version: str | None = None
    datasets: tuple[DatasetSource, ...] = ()
    """The sources that are datasets: who reads one is recorded."""
    said: Any = None
    """A value that stands in the settings, if it is small enough to be shown."""

    @property
    def dataset(self) -> DatasetSource | None:
        """The source once more, if it is a dataset and not a list with one in it."""
        return self.datasets[0] if self.datasets and self.datasets[0] is self.source else None

    def describe(self) -> dict[str, Any]:
        """Where the data comes from, as data."""
        if self.source is None:
            said = {} if self.said is None else {"value": self.said}
            return {"kind": "given" if self.known else "not opened", **said, "digest": self.known}
        return self.source.describe()

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Whatever goes wrong while the source is read names the input and the line that says it."""
        try:
            yield
        except ArchiveError:  # that the disk is full is no fault of the input
            raise
        except SolventError as error:
            raise type(error)(f"{self.origin}: input {self.name!r}: {error}") from error
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise InputError(f"{self.origin}: input {self.name!r} cannot be read: {what}") from error


@dataclass(frozen=True, slots=True)
class _Output:
    """An artifact of another pipeline's last run."""

    reference: str
    artifact: str
    project: Home

    def describe(self) -> dict[str, Any]:
        return {"kind": "output", "reference": self.reference, "digest": self.artifact}

    def version(self) -> str | None:
        return self.artifact

    def read(self, wanted: Any) -> Any:
        try:
            return self.project.archive.get(self.artifact, wanted)
        except (Corrupted, NotFound) as error:
            raise InputError(f"{self.reference} is not kept here any more; run its pipeline again") from error


def bind_inputs(
    pipeline: Pipeline[Any, Any],
    settings: Settings,
    given: Mapping[str, Any],
    project: Home,
    problems: list[Problem],
    look: bool = True,
) -> tuple[dict[str, Input], dict[str, Any]]:
    """The inputs by parameter, and what each data parameter is bound to: a promise, or its default."""
    inputs: dict[str, Input] = {}
    data: dict[str, Any] = {}
    names = [one.name for one in pipeline.signature.data]
    for name in (*given, *settings.inputs):
        if name not in names:
            origin = settings.inputs[name].origin if name in settings.inputs else "inputs"
            text = f"inputs.{name}: {pipeline.name!r} has no data parameter {name!r}.{did_you_mean(name, names)}"
            problems.append(Problem(str(origin), text))
    for one in pipeline.signature.data:
        if one.variadic:
            data[one.name] = ()
            continue
        if one.name not in given and one.name not in settings.inputs:
            if one.default is UNSET:
                text = (
                    f"missing input {one.name!r} of {pipeline.name!r} ({describe(one.annotation)}): say under inputs: "
                    f"where it comes from, as in {one.name}: {{files: data/{one.name}.csv}}"
                )
                problems.append(Problem("", text))
            data[one.name] = None if one.default is UNSET else one.default
            continue
        node = Node(
            f"inputs/{one.name}", "input", _SOURCE, {}, {}, _SOURCE.options, "", outputs={"value": one.annotation}
        )
        made = Input(one.name, node, one.annotation, "inputs")
        try:
            if one.name in given:
                wrong = misfit(given[one.name], one.annotation)
                if wrong is not None:
                    raise InputError(f"{pipeline.name!r} takes {describe(one.annotation)}, and is given {wrong}")
                near = functools.partial(query.made_before, project.catalog, node.path, "")
                made.pending = project.archive.prepare(given[one.name], near)
                made.known = made.pending.digest
            else:
                leaf = settings.inputs[one.name]
                made.origin = str(leaf.origin)
                if is_broken(leaf.value):
                    pass  # which was told
                elif isinstance(leaf.value, Mapping) and list(leaf.value) == ["value"]:
                    _give(made, leaf.value["value"], project)
                elif look:
                    _open(made, leaf.value, project)
        except ArchiveError:  # nothing is wrong with the settings
            raise
        except SolventError as error:
            faults = getattr(error, "problems", None) or [error]
            problems.extend(Problem(made.origin, f"inputs.{one.name}: {fault}") for fault in faults)
        inputs[one.name] = made
        data[one.name] = Promise(node.path, "value", one.annotation)
    return inputs, data


def _give(made: Input, value: Any, project: Home) -> None:
    """Take a value that stands in the settings, as the parameter's annotation reads it."""
    try:
        if is_table_type(made.wanted):
            from solvent.data.sources.value import Value

            checked = Value(value).read(made.wanted)
        else:
            checked = validate(value, made.wanted, from_file=True)
    except ValueError as error:
        raise InputError(str(error)) from None
    made.pending = project.archive.prepare(checked)
    made.known = made.pending.digest
    with suppress(TypeError, ValueError):
        shown = validate(value, Any, from_file=True) if is_table_type(made.wanted) else checked
        made.said = shown if len(json.dumps(shown)) <= _SHOWN else None


def _open(made: Input, spec: Any, project: Home) -> None:
    """Open what an input names, and look whether this version of it was read before."""
    datasets: list[DatasetSource] = []
    made.source = _open_source(spec, project, datasets)
    made.datasets = tuple(datasets)
    try:
        described = json.dumps(made.source.describe(), sort_keys=True)
        made.version = made.source.version()
    except SolventError:
        raise
    except Exception as error:  # whatever a source of somebody else does
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"the source {type(made.source).__name__} cannot tell what it is: {what}") from error
    made.spec = digest.of_structure("source.1", [described, describe(made.wanted)])
    if made.dataset is not None:
        made.known = made.dataset.artifact
    elif isinstance(made.source, _Output):
        made.known = made.source.artifact
    elif made.version is not None:
        found = query.find_source(project.catalog, made.spec, made.version)
        if found is not None and project.archive.complete(found):
            made.known = found


def _open_source(spec: Any, project: Home, datasets: list[DatasetSource]) -> Readable:
    if isinstance(spec, list) and not all(isinstance(one, str) for one in spec):
        from solvent.data.sources.several import Several

        opened: list[Any] = []
        faults: list[Problem] = []
        for number, one in enumerate(spec, 1):
            try:
                opened.append(_one_of_several(one, number, project, datasets))
            except InputError as error:
                faults.append(Problem("", str(error)))
        if faults:
            raise InputError("\n".join(str(one) for one in faults), faults)
        return Several(opened)
    if isinstance(spec, Mapping) and "dataset" in spec:
        from solvent.engine.datasets.reading import open_dataset

        datasets.append(open_dataset(project, spec))
        return datasets[-1]
    if isinstance(spec, Mapping) and len(spec) and next(iter(spec)) in ("model", "output", "use"):
        kind, rest = next(iter(spec)), dict(spec)
        target = str(rest.pop(kind))
        if kind == "use":
            return _used(target, rest)
        if rest:
            raise InputError(f"{{{kind}: …}} takes nothing more, and {', '.join(rest)} was given")
        if kind == "output":
            return _Output(target, artifact_of(project, target), project)
        return cast("Readable", load_reference(MODEL_SOURCE)(project, target))
    from solvent.data.sources import open_source

    if isinstance(spec, Mapping):  # a name stays text, whatever it looks like; options mean what they look like
        spec = {
            str(name): value if name in _NAMES else validate(value, Any, from_file=True) for name, value in spec.items()
        }
    return open_source(spec, project.root, project.file.plugs)


def _used(target: str, options: Mapping[str, Any]) -> Readable:
    """A source by the name of its class or function."""
    try:
        maker = load_reference(target)
        return cast("Readable", maker(**options))
    except SolventError:
        raise
    except Exception as error:
        raise InputError(f"use: {target} cannot make a source of these: {type(error).__name__}: {error}") from error


def _one_of_several(spec: Any, number: int, project: Home, datasets: list[DatasetSource]) -> Readable:
    """A source of a list; an error says which one it is."""
    try:
        if isinstance(spec, list) or (isinstance(spec, Mapping) and "model" in spec):
            raise InputError("a list of sources makes one table, so each is a table: files, a database, a dataset …")
        return _open_source(spec, project, datasets)
    except SolventError as error:
        raise type(error)(f"source {number} of the list: {error}") from error
