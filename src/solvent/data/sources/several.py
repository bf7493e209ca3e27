"""Several sources in a list as one table: the rows of one after those of another, in one schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.data.canonical import Rows, canonical_schema, column_named, conform, dtype_of, type_of
from solvent.data.family import asked_kind
from solvent.data.frames.outgoing import give
from solvent.data.sources.files.casting import Misfit, cast_frame
from solvent.data.sources.files.options import Options
from solvent.data.sources.files.source import Files
from solvent.data.sources.files.surveying import pinned_types
from solvent.data.sources.files.uniting import Change, pin_of, unite
from solvent.errors import InputError, SolventError

if TYPE_CHECKING:
    import polars as pl

    from solvent.data.sources.base import Readable

__all__ = ["Several"]


@dataclass(slots=True)
class _Whole:
    """All rows of a source that cannot tell its parts apart."""

    label: str
    version: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one of the sources. Its label is told apart from those of other sources."""

    prefix: str
    part: Any

    @property
    def label(self) -> str:
        """The part's own label, behind what tells its source apart."""
        return f"{self.prefix}/{self.part.label}"

    @property
    def version(self) -> str | None:
        """The part's version; None where it cannot be believed."""
        return self.part.version  # type: ignore[no-any-return]

    @property
    def rows(self) -> int:
        """How many rows it has; of a database this is known when they have been read."""
        return self.part.rows  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found in one source. ``natural`` is its survey before types of the others were asked of it."""

    label: str
    prefix: str
    source: Any
    schema: dict[str, Any]
    parts: tuple[Any, ...]
    survey: Any = None
    natural: Any = None
    lazy: Any = None

    @property
    def rows(self) -> int:
        """Of what is known so far: all that matters is whether there are any."""
        return sum(part.rows or 0 for part in self.parts)

    @property
    def guessed(self) -> bool:
        """Whether its types are guesses."""
        return any(getattr(part, "guessed", False) for part in self.parts)

    def frame(self, labels: set[str]) -> pl.LazyFrame:
        """The rows of the parts with these labels, in the types that the source has."""
        if self.survey is None:
            return self.lazy  # type: ignore[no-any-return]
        return self.source.frame(self.survey, labels)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class SeveralSurvey:
    """What was found in all sources: their parts in order, the schema of all, and how each differs from it."""

    looks: tuple[_Look, ...]
    schema: dict[str, Any]
    changes: tuple[Change, ...] = field(default=())

    @property
    def parts(self) -> tuple[Piece, ...]:
        """The parts of all sources, in their order."""
        return tuple(Piece(look.prefix, part) for look in self.looks for part in look.parts)

    def dtypes(self) -> dict[str, pl.DataType]:
        """The schema as Polars types."""
        return {name: dtype_of(kind) for name, kind in self.schema.items()}

    def found(self) -> dict[str, Any]:
        """What is there, as plain JSON: each source, the columns of all, and the differences."""
        return {
            "sources": [
                {"source": look.label, **(look.survey.found() if look.survey is not None else {"rows": look.rows})}
                for look in self.looks
            ],
            "columns": [{"name": name, "type": kind} for name, kind in self.schema.items()],
            "changes": list(self.changes),
        }

    def to_json(self) -> dict[str, Any]:
        """The survey as plain JSON, with which the next one opens only what changed."""
        return {"of": [[_json(look.natural), _json(look.survey)] for look in self.looks]}


class Several:
    """The sources of a list. Their types are united as those of files are, and each difference is recorded."""

    def __init__(self, sources: Sequence[Readable]) -> None:
        self._sources = tuple(sources)
        for number, one in enumerate(sources, 1):
            if getattr(one, "keep", None) == "reference":
                raise InputError(f"source {number} of the list: keep: reference is for files alone; a list is copied")

    def describe(self) -> dict[str, Any]:
        """Where the data comes from, source by source."""
        return {"kind": "list", "of": [one.describe() for one in self._sources]}

    def version(self) -> str | None:
        """The versions of all as one token; None while one of them cannot tell."""
        found = [one.version() for one in self._sources]
        return None if None in found else digest.of_structure("list.1", found)

    def survey(self, known: Mapping[str, Any] | None = None) -> SeveralSurvey:
        """Look through all sources: their parts, and one schema of all.

        ``known`` is what an earlier survey's ``to_json`` gave. Raises :class:`InputError`, which says the number of
        the source (from 1), where one cannot be read or no type keeps the values of all.
        """
        before = (known or {}).get("of", ())
        before = before if len(before) == len(self._sources) else [[None, None]] * len(self._sources)
        looks: list[_Look] = []
        try:
            for source, seen in zip(self._sources, before, strict=True):
                looks.append(_look(source, looks, seen[0]))
            schema, changes = unite(looks, Options(hive=False), _fits)  # type: ignore[arg-type]
            looks = [_pinned(look, schema, seen[1]) for look, seen in zip(looks, before, strict=True)]
        except BaseException:
            self.close()
            raise
        return SeveralSurvey(tuple(looks), schema, tuple(changes))

    def frame(self, survey: SeveralSurvey, labels: Iterable[str] | None = None) -> pl.LazyFrame:
        """The rows of all parts, or of those with these labels, in the survey's schema and in the order of the list."""
        import polars as pl

        wanted = None if labels is None else set(labels)
        dtypes = survey.dtypes()
        frames = []
        for look in survey.looks:
            chosen = {part.label for part in look.parts if wanted is None or Piece(look.prefix, part).label in wanted}
            if chosen or not look.parts:
                frames.append(_cast(look.frame(chosen), dtypes))
        return pl.concat(frames, how="vertical") if frames else pl.DataFrame(schema=dtypes).lazy()

    def check(self, survey: SeveralSurvey) -> None:
        """Raise :class:`InputError` if a source is not as it was surveyed."""
        for look in survey.looks:
            if look.survey is not None:
                look.source.check(look.survey)

    def found(self, survey: SeveralSurvey | None = None) -> dict[str, Any]:
        """What is there, as plain JSON."""
        try:
            return (survey or self.survey()).found()
        finally:
            self.close()

    def read(self, wanted: Any) -> Any:
        """The rows of all as the frame that ``wanted`` asks for. Raises :class:`InputError` where it asks for none."""
        kind = asked_kind(wanted)
        if kind is None:
            name = getattr(wanted, "__qualname__", None) or str(wanted)
            raise InputError(f"a list of sources is read as one table, and the parameter asks for {name}")
        survey = self.survey()
        if kind == "polars.LazyFrame":
            self.close()  # nobody knows when it is carried out: that will be a look of its own
            return self.frame(survey)
        try:
            made = self.frame(survey).collect(engine="streaming")
            self.check(survey)
            return give(Rows(conform(made)), wanted)
        finally:
            self.close()

    def close(self) -> None:
        """Let go of what is open."""
        for one in self._sources:
            if hasattr(one, "close"):
                one.close()


def _look(source: Any, earlier: Sequence[_Look], known: Any) -> _Look:
    """What one source holds; an error says which one it is.

    Its prefix does not change when others come before it. Sources that describe themselves alike are counted.
    """
    import polars as pl

    label = f"source {len(earlier) + 1} of the list"
    prefix = digest.of_structure("listed.1", source.describe())[:12]
    alike = sum(one.prefix.split(".")[0] == prefix for one in earlier)
    prefix = f"{prefix}.{alike + 1}" if alike else prefix
    try:
        if hasattr(source, "survey"):
            survey = source.survey(known)
            return _Look(label, prefix, source, _own_schema(source, survey), tuple(survey.parts), survey, survey)
        lazy = source.read(pl.LazyFrame)
        schema = canonical_schema(lazy.collect_schema())
        rows = lazy.select(pl.len()).collect(engine="streaming").item()
    except SolventError as error:
        raise type(error)(f"{label}: {error}") from error
    except Exception as error:  # whatever the code of somebody else does
        raise InputError(f"{label} cannot be read: {error}") from error
    part = _Whole("all", source.version(), rows)
    return _Look(label, prefix, source, {name: type_of(one) for name, one in schema.items()}, (part,), lazy=lazy)


def _own_schema(source: Any, survey: Any) -> dict[str, Any]:
    """The types that a source itself has; null for a column of guessed types without any value, which is text alone."""
    if not isinstance(source, Files):
        return dict(survey.schema)
    pins = pinned_types(survey.options)
    made = dict(survey.schema)
    for name in made:
        own = [part.schema[name] for part in survey.parts if name in part.schema]
        if own and name not in pins and all(kind == "null" for kind in own):
            made[name] = "null"
    return made


def _pinned(look: _Look, schema: Mapping[str, Any], known: Any) -> _Look:
    """Files whose types are guesses, read anew as the others have them: a cast would lose how a value was written."""
    if not isinstance(look.source, Files) or not look.guessed:
        return look
    others = {name: pin_of(schema[name]) for name, kind in look.survey.schema.items() if kind != schema[name]}
    pins = {name: pin for name, pin in others.items() if pin}
    if not pins:
        return look
    source = look.source.pinned(pins)
    survey = source.survey(known)
    return replace(look, source=source, schema=dict(survey.schema), parts=tuple(survey.parts), survey=survey)


def _cast(frame: pl.LazyFrame, wanted: Mapping[str, Any]) -> pl.LazyFrame:
    """The frame with the columns and types that are wanted."""
    if list(frame.collect_schema().items()) == list(wanted.items()):
        return frame
    return frame.map_batches(lambda piece: cast_frame(conform(piece), wanted, {}), schema=dict(wanted), streamable=True)


def _fits(look: Any, name: str, kind: Any) -> bool:
    """Whether every value of a source's column is kept by a type."""
    import polars as pl

    one = look.frame({part.label for part in look.parts}).select(column_named(name))
    try:
        _cast(one, {name: dtype_of(kind)}).null_count().collect(engine="streaming")
    except (Misfit, InputError, pl.exceptions.PolarsError):
        return False
    return True


def _json(survey: Any) -> Any:
    return survey.to_json() if survey is not None else None
