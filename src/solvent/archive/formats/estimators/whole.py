"""The format of scikit-learn's estimators."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.base import Written
from solvent.archive.formats.estimators.audit import Stranger, audit_members, names_of, strangers
from solvent.archive.formats.estimators.canonical import canonical
from solvent.archive.formats.estimators.construction import PROTOCOL, construct, import_named
from solvent.archive.formats.estimators.members import pack, parse_schema, unpack
from solvent.archive.formats.estimators.nodes import THREADS, Node, attributes, children
from solvent.archive.formats.refusal import name_of
from solvent.errors import ArchiveError, Corrupted, MissingExtra, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["EstimatorFormat"]

_WAY = (
    "Keep your own work apart from scikit-learn's: hand a function to assemble as a row-wise step, make a dataclass "
    "with fit and transform of it, or give the outer object a class with to_artifact and from_artifact."
)


class EstimatorFormat:
    """Fitted estimators as skops files in a canonical form: a refit that gives the same model gives the same digest.

    Reading makes only what is on our own list, after every size and index was checked. What belongs to the machine
    or the moment (numbers of threads, seconds that a search took) is not kept.
    """

    name = "skops.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is an estimator or another object of scikit-learn (which is not imported to find out)."""
        kind = type(value)
        if kind.__module__.startswith("sklearn."):
            return not isinstance(value, type)
        base = sys.modules.get("sklearn.base")
        return base is not None and isinstance(value, base.BaseEstimator)

    def write(self, value: Any, sink: Sink) -> Written:
        """Turn the estimator into bytes now, so that a later ``fit`` reaches nobody; they are stored behind."""
        kind = type(value)
        if not kind.__module__.startswith("sklearn."):
            raise NoFormat(
                f"{name_of(kind)} is a class of yours on top of scikit-learn's, and an artifact never carries code. "
                "Make it a "
                "@dataclass (its settings are fields, what fit finds is `field(init=False)`), or give it to_artifact "
                "and "
                f"from_artifact."
            )
        schema, data = _dump(value)
        found = list(strangers(schema))
        if found:
            raise _refused(kind, found)
        identity = [kind.__qualname__, sink.behaviour(kind), digest.of_bytes("skops.1", data)]
        facts = {"class": kind.__qualname__, "bytes": len(data)}
        columns = getattr(value, "n_features_in_", None)
        if isinstance(columns, int):
            facts["features"] = columns

        def keep(_: Any) -> Any:
            return _load(schema, unpack(data))

        return Written(identity, None, lambda target: {"skops": target.blob(data)}, keep, len(data), facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """A fresh estimator. Raises :class:`Corrupted` for anything that :meth:`write` does not write."""
        data = source.blob(body["skops"])
        files = unpack(data)
        if "schema.json" not in files:
            raise Corrupted("an estimator's archive has no schema; it was not loaded")
        try:
            schema = parse_schema(files["schema.json"])
            import_named(schema)
            found = list(strangers(schema))
            if found:
                raise _unlisted(found)
            audit_members(schema, files)
            return _load(schema, files)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Corrupted(f"the record of an estimator does not fit together, and was not loaded: {error}") from error


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise MissingExtra(
            "scikit-learn's estimators are kept by skops, which is not installed. Run: pip install skops"
        ) from error
    return skops.io


def _dump(value: Any) -> tuple[Node, bytes]:
    shown = type(value).__qualname__
    try:
        return canonical(_skops().dumps(value))
    except RecursionError:
        raise NoFormat(f"{shown} cannot be kept: something in it refers to itself. {_WAY}") from None
    except Corrupted as error:
        raise NoFormat(f"{shown} cannot be kept: {error}. {_WAY}") from error
    except NoFormat as error:
        raise NoFormat(f"{shown} cannot be kept: {error}") from None
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise NoFormat(f"{shown} cannot be kept by skops: {error}. {_WAY}") from error


def _load(schema: Node, files: dict[str, bytes]) -> Any:
    """The estimator of an audited record; skops, which takes seconds to import, reads what we do not."""
    if schema.get("protocol") == PROTOCOL:
        return construct(schema, files)
    text = json.dumps(_with_threads(parse_schema(files["schema.json"]))).encode()
    return _skops().loads(pack({**files, "schema.json": text}), trusted=names_of(schema))


def _with_threads(node: Node) -> Node:
    """The number of threads of this machine, where the estimator holds one."""
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    held = attributes(node) if node["__loader__"] == "ObjectNode" else {}
    for name in THREADS & held.keys():
        held[name]["content"] = json.dumps(_openmp_effective_n_threads())
    for _, part in children(node):
        _with_threads(part)
    return node


def _refused(kind: type, found: list[Stranger]) -> NoFormat:
    first = found[0]
    if first.name.partition(".")[0] in ("sklearn", "scipy", "numpy", "functools", "builtins"):
        return NoFormat(
            f"{kind.__qualname__} cannot be kept as it is: {first.place} is {first.name}, which is not on the list of "
            "what can "
            f"be loaded safely. Choose another setting for it, or give the outer object a class with to_artifact and "
            f"from_artifact."
        )
    what = "the function" if first.loader in ("FunctionNode", "PartialNode", "MethodNode") else "an object of the class"
    if first.loader == "TypeNode":
        what = "the class"
    more = f" (and {len(found) - 1} more such places)" if len(found) > 1 else ""
    return NoFormat(
        f"{kind.__qualname__} cannot be kept as it is: {first.place} holds {what} {first.name}{more}, and an artifact "
        "never "
        f"carries code. {_WAY}"
    )


def _unlisted(found: list[Stranger]) -> ArchiveError:
    names = ", ".join(sorted({one.name for one in found})[:5])
    return Corrupted(
        f"this estimator names {names} (at {found[0].place}), which is not on the list of what may be loaded, so "
        "nothing of it "
        f"was. If it was written with another version of scikit-learn, run the step again with this one."
    )
