"""The format of PyTorch's tensors, and of the state of its modules, by safetensors."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.base import Written
from solvent.errors import Corrupted, MissingExtra, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["TensorFormat"]

_ALONE = "tensor"


class TensorFormat:
    """Tensors, and a module's ``state_dict()``, as safetensors: nothing in it is code.

    Tensors come back on the processor, without gradients. A whole module is refused, since its class is code.
    """

    name = "safetensors.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a tensor, a module's state, or a module (which is refused with the way out)."""
        if isinstance(value, dict):
            return isinstance(value, OrderedDict) and bool(value) and all(_is_tensor(one) for one in value.values())
        return _is_tensor(value) or any(
            kind.__module__.startswith("torch.nn.") and kind.__qualname__ == "Module" for kind in type(value).__mro__
        )

    def write(self, value: Any, sink: Sink) -> Written:
        """Turn the tensors into bytes now, so that later training reaches nobody."""
        if not isinstance(value, dict) and not _is_tensor(value):
            raise NoFormat(
                f"{type(value).__qualname__} is a module of PyTorch, whose class is code, and an artifact never "
                f"carries code. Return module.state_dict() and load it into a new module where it is needed; or make "
                f"it a model: a subclass of solvent.learn.TorchClassifier or TorchRegressor with its own build()."
            )
        held = {_ALONE: value} if not isinstance(value, dict) else value
        if not all(isinstance(name, str) for name in held):
            raise NoFormat("a dict of tensors has names that are no text; only those of a state_dict can be kept")
        save, _ = _library()
        plain = {name: one.detach().to("cpu").contiguous().clone() for name, one in held.items()}
        data = save(plain)
        kind = "state" if isinstance(value, dict) else "tensor"
        facts = {"tensors": len(plain), "values": sum(one.numel() for one in plain.values())}
        body = lambda target: {"kind": kind, "tensors": target.blob(data), "order": list(plain)}  # noqa: E731
        identity = [kind, list(plain), digest.of_bytes("safetensors.1", data)]
        return Written(identity, None, body, None, len(data), facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """The tensors, on the processor. Raises :class:`Corrupted` where sizes do not fit the bytes."""
        data = source.blob(body["tensors"])
        _, load = _library()
        _check(data)
        try:
            found = load(data)
        except Exception as error:  # safetensors' own error, which has no public base
            raise Corrupted(f"tensors cannot be read: {error}") from error
        if sorted(found) != sorted(body["order"]):
            raise Corrupted("the tensors of a record are not those that it names; nothing was loaded")
        if body["kind"] == "tensor":
            return found[_ALONE]
        return OrderedDict((name, found[name]) for name in body["order"])


def _is_tensor(value: Any) -> bool:
    return any(
        kind.__module__.partition(".")[0] == "torch" and kind.__name__ == "Tensor" for kind in type(value).__mro__
    )


def _check(data: bytes) -> None:
    """The head of a safetensors file says where each tensor lies: that is compared with the bytes that there are."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 0 < size <= min(len(data) - 8, 100_000_000):
        raise Corrupted("tensors have a head that is longer than their bytes; nothing was loaded")
    try:
        head = json.loads(data[8 : 8 + size])
        ends = [one["data_offsets"][1] for name, one in head.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Corrupted(f"the head of tensors cannot be read: {error}") from error
    if max(ends, default=0) != len(data) - 8 - size:
        raise Corrupted("tensors are longer or shorter than their head says; nothing was loaded")


def _library() -> tuple[Any, Any]:
    try:
        from safetensors.torch import load, save
    except ImportError as error:
        raise MissingExtra("tensors are kept by safetensors: pip install 'solvent[torch]'") from error
    return save, load
