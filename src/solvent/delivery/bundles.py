"""A bundle is a predictor packed with all that serving needs: immutable files, named by the digest of their content."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, cast

from solvent import digest
from solvent.archive.formats.base import Document, Written
from solvent.archive.formats.registry import Formats
from solvent.archive.store.local import BLOB
from solvent.delivery.closure import Closure, import_apart, name_of_class
from solvent.delivery.contents import reference
from solvent.delivery.contents.folder import check_names, read_folder, write_folder
from solvent.delivery.contents.reference import Reference
from solvent.errors import Corrupted
from solvent.learn.assembly import Predictor
from solvent.learn.carried.functions import RowFunction, is_function
from solvent.learn.tables.schema import Column, column_from
from solvent.learn.transforms import Fitted

__all__ = ["GRAPH", "Bundle", "Draft", "PackedPredictor", "bundle_formats"]

MANIFEST = "bundle.json"
GRAPH = "onnx/model.onnx"
VERSION = 1


def bundle_formats() -> Formats:
    """The formats that a bundle's parts are written in: those of Solvent itself, so that a server needs no project."""
    from solvent.archive.formats import BUILTIN
    from solvent.data import TableFormat

    return Formats([TableFormat(), *BUILTIN])


class Bundle:
    """Files by name. ``bundle.json`` says what it is; everything else is verified against it when it is read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(sorted(files.items()))
        if MANIFEST not in self.files:
            raise Corrupted(f"this is no bundle: it has no {MANIFEST}")
        check_names(self.files)
        self.manifest: dict[str, Any] = _read_manifest(self.files[MANIFEST])
        if self.manifest.get("bundle") != VERSION:
            raise Corrupted(f"this bundle has version {self.manifest.get('bundle')}; this Solvent reads {VERSION}")
        listed = self.manifest["files"]
        more = sorted(set(self.files) - set(listed) - {MANIFEST})
        if more:
            raise Corrupted(f"{more[0]!r} is not what was packed: the bundle lists no such file; nothing was loaded")
        for name, data in self.files.items():
            if name != MANIFEST and listed.get(name) != digest.of_bytes(BLOB, data):
                raise Corrupted(f"{name!r} in the bundle is not what was packed, and nothing of it was loaded")
        missing = sorted(set(listed) - set(self.files))
        if missing:
            raise Corrupted(f"the bundle lacks {missing[0]!r}, and nothing of it was loaded")

    @cached_property
    def digest(self) -> str:
        """The identity of the bundle: its manifest names every other file by digest."""
        return digest.of_bytes("bundle.1", self.files[MANIFEST])

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(len(data) for data in self.files.values())

    @cached_property
    def predictor(self) -> Predictor:
        """The predictor, its user's classes from the bundle's own sources. This runs the bundle's code."""
        code, closure = None, self.closure
        if closure.sources:  # the folder stays: tracebacks and fingerprints look at it
            code = Path(tempfile.mkdtemp(prefix="solvent-code-"))
            atexit.register(shutil.rmtree, code, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="solvent-bundle-") as folder:
            reader = _Reader(self, Path(folder))
            with import_apart(closure, code) if code else nullcontext():
                parts = tuple(self._part(part, reader) for part in self.manifest["parts"])
        said = self.manifest
        return Predictor(
            parts, self.columns, tuple(said["classes"]), said["target"], said.get("threshold"), said.get("left_out", {})
        )

    def beginning(self, count: int) -> Predictor:
        """The first ``count`` transforms without a model, for a graph that goes on from there.

        With a count of 0 none of the bundle's code runs, and no library of a model is imported.
        """
        said = self.manifest
        rest = (self.columns, tuple(said["classes"]), said["target"], said.get("threshold"))
        if count == 0:
            return Predictor((None,), *rest)
        return Predictor((*self.predictor.transforms[:count], None), *rest)

    @property
    def graph(self) -> bytes | None:
        """The predictor, or all but its first transforms, as an ONNX graph that was found equal; None without one."""
        said = self.manifest.get("onnx") or {}
        return self.files.get(GRAPH) if said.get("equal") else None

    @property
    def columns(self) -> tuple[Column, ...]:
        """What a request has to bring."""
        return tuple(column_from(one) for one in self.manifest["columns"])

    @property
    def closure(self) -> Closure:
        """The user's own modules, and the packages that all of it needs."""
        names = self.manifest["modules"]
        return Closure(
            {name: self.files[file].decode() for name, file in names.items()},
            frozenset(self.manifest["packages"]),
            self.manifest["requirements"],
        )

    @property
    def golden(self) -> list[dict[str, Any]]:
        """Requests with the answers that they had when the bundle was packed: ``{row, prediction, probability}``."""
        return cast("list[dict[str, Any]]", json.loads(self.files["golden.json"]))

    @property
    def cases(self) -> list[dict[str, Any]]:
        """Requests of other shapes than the golden rows, with their answers, or ``refused``."""
        return cast("list[dict[str, Any]]", json.loads(self.files.get("cases.json", b"[]")))

    @property
    def report(self) -> dict[str, Any]:
        """The evaluation as plain data."""
        return cast("dict[str, Any]", json.loads(self.files["report.json"]))

    @property
    def reference(self) -> Reference | None:
        """The profile of the rows that the model was trained on; None where packing was not given them."""
        held = self.files.get(reference.FILE)
        return None if held is None else Reference.from_json(json.loads(held))

    @property
    def card(self) -> dict[str, Any] | None:
        """The model card as plain data; None for a bundle that was packed before there were cards."""
        held = self.files.get("card.json")
        return None if held is None else dict(json.loads(held))

    def to_artifact(self, folder: Path) -> None:
        """Write the files into a folder."""
        write_folder(self.files, folder)

    @classmethod
    def from_artifact(cls, folder: Path) -> Bundle:
        """Read the files of a folder; raises :class:`Corrupted` for one that is not as it was packed.

        What the bundle does not list is refused, links too, and is not read.
        """
        return cls(read_folder(folder))

    def _part(self, part: Mapping[str, Any], reader: _Reader) -> Any:
        wanted = Any if part["class"] is None else _find_class(part["class"])
        inner = reader.formats.read(cast("Document", part["document"]), reader, wanted)
        if "fitted" not in part:
            return inner
        head = part["fitted"]
        columns = tuple(column_from(one) for one in head["columns"])
        return Fitted(inner, columns, head["target"], head["weight"], tuple(head["drop"]))


class PackedPredictor(Predictor[Any]):
    """A predictor that stays its bundle: kept as the bundle's files, and read back from them, code and all.

    This is what the input ``{model: delays@champion}`` is. Reading one runs the code that the bundle brings, which
    is what asking for somebody's model means.
    """

    def __init__(self, bundle: Bundle) -> None:
        inner = bundle.predictor
        super().__init__(**{one.name: getattr(inner, one.name) for one in fields(inner)})
        object.__setattr__(self, "bundle", bundle)

    bundle: ClassVar[Bundle]  # set on the object; no field of the dataclass

    def to_artifact(self, folder: Path) -> None:
        """Write the bundle's files into a folder."""
        self.bundle.to_artifact(folder)

    @classmethod
    def from_artifact(cls, folder: Path) -> PackedPredictor:
        """Open the bundle in a folder."""
        return cls(Bundle.from_artifact(folder))


def _read_manifest(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
        raise Corrupted(f"{MANIFEST} of the bundle cannot be read, and nothing of it was loaded")
    return found


def _find_class(name: str) -> type:
    import importlib

    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for step in path.split("."):
        found = getattr(found, step)
    return RowFunction.of(found) if is_function(found) else cast(type, found)


class Draft:
    """Collects the files of a bundle; formats write into it as into any archive."""

    def __init__(self, behaviour: Any) -> None:
        self.files: dict[str, bytes] = {}
        self.formats = bundle_formats()
        self._behaviour = behaviour
        self._scratch: list[tempfile.TemporaryDirectory[str]] = []

    def add(self, name: str, value: Any) -> None:
        """Add a file of plain data."""
        self.files[name] = json.dumps(value, allow_nan=False, sort_keys=True, indent=1).encode()

    def part(self, value: Any) -> dict[str, Any]:
        """Write one part of a predictor, and say how it is read again."""
        inner = value.inner if isinstance(value, Fitted) else value
        kind = type(inner)
        third = kind.__module__.partition(".")[0] in ("sklearn", "xgboost", "lightgbm")
        part: dict[str, Any] = {
            "class": None if third else name_of_class(kind),
            "document": self.document(inner, self.write(inner)),
        }
        if isinstance(value, Fitted):
            head = {"target": value.target, "weight": value.weight, "drop": list(value.drop)}
            part["fitted"] = {**head, "columns": [asdict(one) for one in value.columns]}
        return part

    def finish(self, manifest: Mapping[str, Any]) -> Bundle:
        """The bundle, whose manifest names every file by digest."""
        listed = {name: digest.of_bytes(BLOB, data) for name, data in sorted(self.files.items())}
        self.add(MANIFEST, {**manifest, "bundle": VERSION, "files": listed})
        for folder in self._scratch:
            folder.cleanup()
        return Bundle(self.files)

    # -- what formats ask of a sink ----------------------------------------------------------------------------

    def blob(self, data: bytes | bytearray | memoryview) -> str:
        """Keep these bytes, and give their digest."""
        name = digest.of_bytes(BLOB, data)
        self.files[f"blobs/{name}"] = bytes(data)
        return name

    def file(self, path: Path) -> str:
        """Keep a file's bytes, and give their digest."""
        return self.blob(path.read_bytes())

    def scratch(self) -> Path:
        """A new empty folder."""
        self._scratch.append(tempfile.TemporaryDirectory(prefix="solvent-pack-"))
        return Path(self._scratch[-1].name)

    def near(self, format: str) -> list[Any]:
        """A bundle is whole in itself: it shares nothing."""
        return []

    def share(self, name: str) -> None:
        """Nothing is near, so nothing is ever shared."""

    def behaviour(self, kind: type) -> str:
        """The fingerprint of a class."""
        return str(self._behaviour(kind))

    def write(self, value: Any) -> Written:
        """Write a value that lies inside another."""
        return self.formats.write(value, self)[1]

    def digest(self, value: Any, written: Written) -> str:
        """The digest of an inner value."""
        return str(self.formats.identify(self.formats.find(value), written))

    def document(self, value: Any, written: Written) -> Document:
        """The document of an inner value."""
        kept = self.formats.find(value)
        body = written.body if written.finish is None else written.finish(self)
        return {"format": kept.name, "digest": self.formats.identify(kept, written), "body": body}


class _Reader:
    """What formats read a bundle's parts from."""

    def __init__(self, bundle: Bundle, folder: Path) -> None:
        self._bundle = bundle
        self._folder = folder
        self.formats = bundle_formats()

    def blob(self, name: str) -> bytes:
        """The bytes of a blob (verified when the bundle was opened)."""
        try:
            return self._bundle.files[f"blobs/{name}"]
        except KeyError:
            raise Corrupted(f"the bundle lacks the blob {name[:12]}", name) from None

    def path(self, name: str) -> Path:
        """A file with the bytes of a blob, which is there while the predictor is being read."""
        path = self._folder / name
        if not path.exists():
            path.write_bytes(self.blob(name))
        return path

    def scratch(self) -> Path:
        """A new folder that is there while the predictor is being read."""
        return Path(tempfile.mkdtemp(dir=self._folder))

    def read(self, document: Document, wanted: Any = Any) -> Any:
        """Read an inner value."""
        return self.formats.read(document, self, wanted)
