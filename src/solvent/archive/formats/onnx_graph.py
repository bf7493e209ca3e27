"""The format of ONNX graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.base import Written
from solvent.errors import Corrupted, MissingExtra, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["OnnxFormat"]

LARGEST = 2_000_000_000
"""Bytes of a graph beyond which Protocol Buffers cannot hold it."""


class OnnxFormat:
    """Graphs as their protocol buffer. Weights that lie in files beside the graph are refused: they would be lost."""

    name = "onnx.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a graph (``onnx.ModelProto``)."""
        kind = type(value)
        return kind.__name__ == "ModelProto" and kind.__module__.startswith("onnx")

    def write(self, value: Any, sink: Sink) -> Written:
        """Turn the graph into bytes; maps in a fixed order, so that the same graph gives the same digest."""
        if any(one.HasField("data_location") and one.data_location == 1 for one in value.graph.initializer):
            raise NoFormat(
                "this ONNX graph keeps weights in other files (external data). Load them into it first: "
                "onnx.load(path, load_external_data=True)"
            )
        data = value.SerializeToString(deterministic=True)
        facts = {"bytes": len(data), "nodes": len(value.graph.node)}
        body = lambda target: {"graph": target.blob(data)}  # noqa: E731
        return Written([digest.of_bytes("onnx.1", data)], None, body, None, len(data), facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """The graph, which is checked to be one."""
        data = source.blob(body["graph"])
        try:
            import onnx
        except ImportError as error:
            raise MissingExtra("ONNX graphs need onnx: pip install 'solvent[onnx]'") from error
        if len(data) > LARGEST:
            raise Corrupted(f"an ONNX graph of {len(data)} bytes is too large to be loaded")
        try:
            made = onnx.load_model_from_string(data)
            onnx.checker.check_model(made)
        except Exception as error:  # the parser and the checker have several of their own, on no common base
            raise Corrupted(f"an ONNX graph cannot be read: {str(error).splitlines()[0]}") from error
        return made
