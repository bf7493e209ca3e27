"""What skops writes, rewritten so that equal estimators are equal bytes: no addresses, times, hash order or threads."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from typing import Any

from solvent import digest
from solvent.archive.formats.estimators.members import array_of, clean_array, clean_sparse, pack, parse_schema
from solvent.archive.formats.estimators.nodes import MUTABLE, THREADS, Node, attributes, children, full_name, mapped
from solvent.archive.formats.estimators.search import COUNTERS
from solvent.errors import NoFormat

__all__ = ["canonical"]

_ADDRESSES = frozenset({"_stop_words_id"})
_BOOLS = frozenset({"builtins.bool", "numpy.bool", "numpy.bool_"})
_NUMPY_KEYS = ("numpy.int", "numpy.uint", "numpy.float", "numpy.bool", "numpy.str_")


def canonical(data: bytes) -> tuple[Node, bytes]:
    """The schema and the bytes of the canonical archive: still a skops file that skops itself reads.

    Raises ``ValueError`` where skops would write something that it does not read back as it was.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = parse_schema(archive.read("schema.json"))
        writer = _Rewriter(archive, schema)
        made = writer.rewrite(
            {name: part for name, part in schema.items() if name not in ("protocol", "_skops_version")}
        )
    made["protocol"] = schema["protocol"]
    text = json.dumps(made, separators=(",", ":")).encode()
    return made, pack({**writer.files, "schema.json": text})


class _Rewriter:
    def __init__(self, archive: zipfile.ZipFile, schema: Node) -> None:
        self._archive = archive
        self._seen: Counter[int] = Counter()
        self._numbers: dict[int, int] = {}
        self._names: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self._count(schema)

    def _count(self, node: Node) -> None:
        if _shareable(node):
            self._seen[node.get("__id__", 0)] += 1
        for _, part in children(node):
            self._count(part)

    def rewrite(self, node: Node) -> Node:
        """One node, and all inside of it, in the order in which skops will read them."""
        loader = node["__loader__"]
        made = dict(node)
        number = made.pop("__id__", 0)
        if _shareable(node) and self._seen[number] > 1:
            made["__id__"] = self._numbers.setdefault(number, len(self._numbers) + 1)
        if loader == "ObjectNode":
            made = _settled(made)
            if full_name(node).startswith("sklearn.model_selection._search"):
                made = self._timeless(made)
            elif full_name(node).startswith(("sklearn.neighbors._kd_tree.", "sklearn.neighbors._ball_tree.")):
                made = _uncounted(made)
        if loader == "DictNode":
            made = _keyed(made)
        if "file" in made:
            made["file"] = self._member(str(made["file"]))
        made = mapped(made, self.rewrite)
        if loader == "SetNode":
            made["content"] = sorted(made["content"], key=lambda one: json.dumps(one, sort_keys=True))
        return made

    def _member(self, name: str) -> str:
        """The canonical name of a file; files of equal content are one."""
        if name in self._known:
            return self._known[name]
        data, ending = self._archive.read(name), name.rpartition(".")[2]
        if ending == "npy":
            data = clean_array(data)
        elif ending == "npz":
            data = clean_sparse(data)
        self._known[name] = self._store(data, ending)
        return self._known[name]

    def _store(self, data: bytes, ending: str) -> str:
        content = digest.of_bytes("member.1", data)
        if content not in self._names:
            self._names[content] = f"{len(self._names)}.{ending}"
            self.files[self._names[content]] = data
        return self._names[content]

    def _timeless(self, node: Node) -> Node:
        """A search without its clock: seconds are no property of a model, and would make every refit another one."""
        held = dict(attributes(node))
        if "refit_time_" in held:
            held["refit_time_"] = _json("NaN")
        if "cv_results_" in held and held["cv_results_"].get("__loader__") == "DictNode":
            results = dict(held["cv_results_"])
            results["content"] = {
                name: self._without_times(part) if name.endswith("_time") else part
                for name, part in results["content"].items()
            }
            held["cv_results_"] = results
        return {**node, "content": {**node["content"], "content": held}}

    def _without_times(self, node: Node) -> Node:
        import numpy as np

        if node.get("type") != "numpy":
            return node
        shape = array_of(self._archive.read(node["file"])).shape
        out = io.BytesIO()
        np.lib.format.write_array(out, np.full(shape, np.nan), allow_pickle=False)
        name = f"times-{'-'.join(map(str, shape))}.npy"
        self._known[name] = self._store(out.getvalue(), "npy")
        return {**{key: part for key, part in node.items() if key != "__id__"}, "file": name}


def _shareable(node: Node) -> bool:
    """Whether two places that hold this very object are to hold one object again (scalars and tuples need not)."""
    loader = node["__loader__"]
    return loader in MUTABLE and (loader != "NdArrayNode" or full_name(node) == "numpy.ndarray")


def _json(text: str) -> Node:
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": text, "is_json": True}


def _settled(node: Node) -> Node:
    """An object's attributes by name, without addresses and numbers of threads."""
    content = node.get("content")
    if not isinstance(content, dict) or content.get("__loader__") != "DictNode":
        return node
    kept = {name: part for name, part in sorted(content["content"].items()) if name not in _ADDRESSES}
    for name in THREADS & kept.keys():
        kept[name] = _json("null")
    types = {**content["key_types"], "content": content["key_types"]["content"][: len(kept)]}
    return {**node, "content": {**content, "content": kept, "key_types": types}}


def _uncounted(node: Node) -> Node:
    """A search tree that was never asked."""
    state = list(node["content"]["content"])
    for place in COUNTERS:
        state[place] = _json("0")
    return {**node, "content": {**node["content"], "content": state}}


def _keyed(node: Node) -> Node:
    """A dict whose keys come back as they were: skops spells them as text, and reads ``bool("false")`` as true."""
    made: dict[str, Any] = {}
    for (name, part), kind in zip(node["content"].items(), node["key_types"]["content"], strict=True):
        shown = full_name(kind)
        if shown in _BOOLS and name == "false":
            name = ""  # the only text of which bool() makes False
        elif shown not in ("builtins.str", "builtins.int", "builtins.float", *_BOOLS) and not shown.startswith(
            _NUMPY_KEYS
        ):
            raise NoFormat(
                f"a dict in it has a key of type {shown}, which cannot be kept. Use text or numbers as keys."
            )
        if name in made:
            raise NoFormat(f"a dict in it has two keys that are both written {name!r}. Use keys that differ as text.")
        made[name] = part
    return {**node, "content": made}
