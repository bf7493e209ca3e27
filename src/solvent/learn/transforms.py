"""Transforms: fitted on training rows, applied to any rows, and taken along to wherever the model serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol

from solvent.data import Table
from solvent.engine.context import log
from solvent.errors import InputError
from solvent.graph.steps import step
from solvent.learn.adapting import Lesson, apply, as_frame, check_role, fit_object, hand_on, label_of, make_object
from solvent.learn.tables.matrix import Matrix
from solvent.learn.tables.rows import check_columns, features_of, frame_of, target_of
from solvent.learn.tables.schema import Column, describe_columns
from solvent.learn.tabular import TabularFeatures

__all__ = ["Fitted", "Transform", "fit", "transform"]

if TYPE_CHECKING:
    import polars as pl
    from typing_extensions import TypeVar

    Inner = TypeVar("Inner", default=Any)
else:
    from typing import TypeVar

    Inner = TypeVar("Inner")


class Transform(Protocol):
    """Anything that is fitted once, and then makes columns of columns, row by row."""

    def transform(self, rows: Any) -> Any:
        """As many rows as were given, with the columns that were learnt to be made of them."""


@dataclass(frozen=True)
class Fitted(Generic[Inner]):
    """A fitted transform, and what it was given: ``columns`` is what a request has to bring.

    ``inner`` is the fitted object itself. ``target``, ``weight`` and ``drop`` are columns that it never sees:
    ``transform`` hands the first two on as they are, if the rows have them, and leaves out the others.
    """

    inner: Inner
    columns: tuple[Column, ...]
    target: str | None = None
    weight: str | None = None
    drop: tuple[str, ...] = ()

    def transform(self, rows: Any) -> Any:
        """The rows' new columns, with target and weight where the rows have them; a Polars frame."""
        frame = frame_of(rows)
        made = as_frame(self.hand_on(frame))
        carried = [name for name in (self.target, self.weight) if name in frame.columns]
        for name in carried:
            if name in made.columns:
                raise InputError(
                    f"{label_of(type(self.inner))}.transform makes a column {name!r}, which is the name of the target "
                    f"or the weight. Give it another name."
                )
        return made.with_columns(frame.get_column(str(name)) for name in carried)

    def hand_on(self, rows: pl.DataFrame | Matrix) -> pl.DataFrame | Matrix:
        """The rows' new columns alone, as a model takes them."""
        names = [column.name for column in self.columns]
        check_columns(rows, names, f"{label_of(type(self.inner))}.transform")
        return hand_on(self.inner, rows.select(names))


def _fitted_kind(settings: Mapping[str, Any], data: Mapping[str, Any]) -> Any:
    """``Fitted[Features]`` where the class is known, so that it can be read back by whoever asks for a transform."""
    use = settings["use"]
    return Fitted[use] if isinstance(use, type) else Fitted  # type: ignore[valid-type]


def _may_fit(use: Any, arguments: Mapping[str, Any]) -> list[str]:
    """What keeps ``use`` from being fitted, said before anything runs."""
    return check_role(use, arguments, "transform")


@step(role=True, kinds=_fitted_kind, check=_may_fit)
def fit(
    rows: Table,
    *,
    target: str | None = None,
    drop: Sequence[str] = (),
    weight: str | None = None,
    use: Any = TabularFeatures,
    with_: Mapping[str, Any] | None = None,
) -> Fitted:
    """Fit a transform on training rows: the class that ``use`` names, with the arguments under ``with``.

    It is given every column except ``target``, ``drop`` and ``weight``; the target goes as ``y`` to a ``fit`` that
    takes one. Without ``use``, :class:`TabularFeatures` looks at the columns and does what is usual. Rows come
    as the method's annotation asks (Polars, pandas or NumPy), as Polars where it asks for nothing.
    """
    frame = frame_of(rows)
    given = features_of(frame, [target, weight, *drop], "fit")
    if not frame.height:
        raise InputError("fit: the table has no rows to learn from")
    values = None if target is None else target_of(frame, target, "fit")
    fitted = fit_object(make_object(use, with_, "transform"), Lesson(given, values))
    log(rows=given.height, columns=given.width)
    explain = getattr(fitted, "explain", None)
    if callable(explain):
        log(explained="\n".join(f"{name}: {what}" for name, what in explain().items()))
    return Fitted(fitted, describe_columns(given), target, weight, tuple(drop))


@step
def transform(features: Transform, rows: Table) -> Table:
    """Apply a fitted transform to rows. Target and weight are handed on, for the model to learn from."""
    if isinstance(features, Fitted):
        return features.transform(rows)
    return apply(features, frame_of(rows))
