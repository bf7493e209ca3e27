"""Neural networks of PyTorch on tables: a perceptron by settings alone, or a module of one's own by a subclass."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from solvent.errors import InputError, MissingExtra, SettingsError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

__all__ = ["TorchClassifier", "TorchRegressor"]


@dataclass
class _Network:
    """What both share. ``hidden`` are the widths of the layers; training is Adam over batches in a seeded order."""

    hidden: list[int] = field(default_factory=lambda: [64, 32])
    dropout: float = 0.0
    epochs: int = 100
    batch: int = 256
    learning_rate: float = 0.001
    weight_decay: float = 0.0
    patience: int = 10
    seed: int = 0
    columns: list[str] = field(init=False, default_factory=list)
    means: list[float] = field(init=False, default_factory=list)
    spreads: list[float] = field(init=False, default_factory=list)
    outputs: int = field(init=False, default=1)
    state: OrderedDict[str, Any] = field(init=False, default_factory=OrderedDict)
    n_iter_: int = field(init=False, default=0)

    def build(self, inputs: int, outputs: int) -> Any:
        """The module: from (rows, inputs) to (rows, outputs), without an activation behind. Override it for another."""
        torch = _torch()
        layers: list[Any] = []
        for width in self.hidden:
            layers += [torch.nn.Linear(inputs, width), torch.nn.ReLU()]
            layers += [torch.nn.Dropout(self.dropout)] if self.dropout else []
            inputs = width
        return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, outputs))

    def _learn(
        self,
        loss: Callable[[Any, Any], Any],
        rows: pl.DataFrame,
        truth: Any,
        weight: Any,
        valid: tuple[pl.DataFrame, Any] | None,
    ) -> None:
        torch = _torch()
        if self.epochs < 1 or self.batch < 1 or self.patience < 1:
            raise SettingsError("epochs, batch and patience are numbers from 1")
        self._scale(rows)
        given, unseen = self._tensor(rows), None if valid is None else self._tensor(valid[0])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            module = self.build(given.shape[1], self.outputs)
            best, left = float("inf"), self.patience
            optimizer = torch.optim.Adam(module.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
            for epoch in range(self.epochs):
                module.train()
                for places in _batches(len(given), self.batch):
                    optimizer.zero_grad()
                    lost = loss(module(given[places]), truth[places])
                    (lost if weight is None else lost * weight[places]).mean().backward()
                    optimizer.step()
                if unseen is None or valid is None:
                    self.n_iter_ = epoch + 1
                    continue
                module.eval()
                with torch.no_grad():
                    found = float(loss(module(unseen), valid[1]).mean())
                if found < best:
                    best, left, self.n_iter_, self.state = found, self.patience, epoch + 1, _state(module)
                else:
                    left -= 1
                if not left:
                    break
        if unseen is None or not self.state:
            self.state = _state(module)

    def _scale(self, rows: pl.DataFrame) -> None:
        import numpy as np

        values = _numbers(rows)
        self.columns = list(rows.columns)
        with np.errstate(all="ignore"):
            known = np.isfinite(values).any(axis=0)
            self.means = np.where(known, np.nanmean(np.where(known, values, 0.0), axis=0), 0.0).tolist()
            spreads = np.where(known, np.nanstd(np.where(known, values, 0.0), axis=0), 1.0)
        self.spreads = np.where(spreads > 0, spreads, 1.0).tolist()
        self.state = OrderedDict()
        vars(self).pop("_module", None)

    def _tensor(self, rows: pl.DataFrame) -> Any:
        """Scaled numbers as the network takes them; what is missing becomes the mean."""
        import numpy as np

        scaled = (_numbers(rows.select(self.columns)) - np.array(self.means)) / np.array(self.spreads)
        return _torch().from_numpy(np.nan_to_num(scaled, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32))

    @cached_property
    def _module(self) -> Any:
        if not self.state:
            raise InputError(f"{type(self).__qualname__} is not fitted yet")
        module = self.build(len(self.columns), self.outputs)
        module.load_state_dict(self.state)
        return module.eval()

    def _ask(self, rows: pl.DataFrame) -> Any:
        with _torch().no_grad():
            return self._module(self._tensor(rows))


@dataclass
class TorchClassifier(_Network):
    """A neural network that gives the probability of each class.

    Columns are numbers, which it scales. With a validation part, training ends after ``patience`` epochs without
    gain, and the best epoch is kept. For a module of one's own write a subclass with
    ``build(self, inputs, outputs)``.
    """

    classes: list[bool | int | str] = field(init=False, default_factory=list)

    def fit(
        self, rows: pl.DataFrame, y: pl.Series, sample_weight: Any = None, *, X_val: pl.DataFrame | None = None,
        y_val: pl.Series | None = None,
    ) -> TorchClassifier:  # fmt: skip
        """Learn from rows (numbers only) and their classes."""
        self.classes = y.unique().sort().to_list()
        self.outputs = len(self.classes)
        valid = None if X_val is None or y_val is None else (X_val, self._places(y_val))
        self._learn(_cross_entropy, rows, self._places(y), _weights(sample_weight), valid)
        return self

    def predict(self, rows: pl.DataFrame) -> np.ndarray[Any, Any]:
        """The most probable class of each row."""
        import numpy as np

        found: np.ndarray[Any, Any] = np.asarray(self.classes)[self.predict_proba(rows).argmax(axis=1)]
        return found

    def predict_proba(self, rows: pl.DataFrame) -> np.ndarray[Any, Any]:
        """The probability of each class (rows x classes)."""
        found: np.ndarray[Any, Any] = _torch().softmax(self._ask(rows).double(), dim=1).numpy()
        return found

    @property
    def classes_(self) -> list[bool | int | str]:
        """The classes in the order of the probabilities."""
        return self.classes

    def _places(self, values: pl.Series) -> Any:
        strange = values.filter(~values.is_in(self.classes))
        if len(strange):
            raise InputError(f"the class {strange[0]!r} is in the validation part only; the training rows lack it")
        places = {one: place for place, one in enumerate(self.classes)}
        return _torch().tensor([places[one] for one in values.to_list()])


@dataclass
class TorchRegressor(_Network):
    """A neural network that gives a number, trained by the squared error of the scaled target.

    The rest is as with :class:`TorchClassifier`.
    """

    middle: float = field(init=False, default=0.0)
    spread: float = field(init=False, default=1.0)

    def fit(
        self, rows: pl.DataFrame, y: pl.Series, sample_weight: Any = None, *, X_val: pl.DataFrame | None = None,
        y_val: pl.Series | None = None,
    ) -> TorchRegressor:  # fmt: skip
        """Learn from rows (numbers only) and their numbers."""
        values = y.to_numpy().astype("float64")
        self.middle, self.spread = float(values.mean()), float(values.std()) or 1.0
        valid = None if X_val is None or y_val is None else (X_val, self._scaled(y_val))
        self._learn(_squared, rows, self._scaled(y), _weights(sample_weight), valid)
        return self

    def predict(self, rows: pl.DataFrame) -> np.ndarray[Any, Any]:
        """A number for each row."""
        found: np.ndarray[Any, Any] = self._ask(rows).double().numpy()[:, 0] * self.spread + self.middle
        return found

    def _scaled(self, values: pl.Series) -> Any:
        scaled = (values.to_numpy().astype("float64") - self.middle) / self.spread
        return _torch().from_numpy(scaled.astype("float32"))


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra("neural networks need PyTorch: pip install 'solvent[torch]'") from error
    return torch


def _cross_entropy(found: Any, truth: Any) -> Any:
    return _torch().nn.functional.cross_entropy(found, truth, reduction="none")


def _squared(found: Any, truth: Any) -> Any:
    return (found[:, 0] - truth) ** 2


def _numbers(rows: pl.DataFrame) -> np.ndarray[Any, Any]:
    """The columns as numbers, what is missing as NaN; raises :class:`InputError` for one that is no number."""
    import polars as pl

    for name, dtype in rows.schema.items():
        if not (dtype.is_numeric() or dtype == pl.Boolean):
            raise InputError(f"the column {name!r} is {dtype}, and a network takes numbers; fit a transform before it")
    return rows.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _weights(given: Any) -> Any:
    import numpy as np

    return None if given is None else _torch().from_numpy(np.asarray(given, dtype=np.float32).copy())


def _state(module: Any) -> OrderedDict[str, Any]:
    return OrderedDict((name, value.detach().clone()) for name, value in module.state_dict().items())


def _batches(rows: int, size: int) -> Iterator[Any]:
    """The places of rows in a new order, some at a time; torch's generator is seeded."""
    yield from _torch().randperm(rows).split(size)
