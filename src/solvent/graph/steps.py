"""The waist of the house: a step is a function whose signature says data, settings and outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeVar, cast, overload

from solvent.config import Block as Settings
from solvent.config import bind
from solvent.errors import DefinitionError, PlanError, SettingsError
from solvent.graph.signature import Signature, check_shape, read_signature
from solvent.names import check_name

__all__ = ["ACTIVE", "PLAIN", "RECORDERS", "Caller", "Options", "Step", "active", "make_options", "parse_reuse", "step"]

P = ParamSpec("P")
R = TypeVar("R")
Q = ParamSpec("Q")
S = TypeVar("S")
A = TypeVar("A")
K = TypeVar("K")

_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(second|minute|hour|day|week)s?\s*$")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}


class Caller(Protocol):
    """Who is asked when a step is called: the wiring of a pipeline, or a recorder of eager calls."""

    def call(self, step: Step[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do what a call of this step means here."""

    def map(self, step: Step[Any, Any], items: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do what mapping this step over items means here."""

    def when(self, flag: Any, then: Step[Any, Any], data: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do what a conditional call means here."""


ACTIVE: ContextVar[Caller | None] = ContextVar("solvent_caller", default=None)
RECORDERS: list[Caller] = []
"""Who records eager calls, the last first; it stands behind ``ACTIVE``, which a notebook loses between cells."""


@dataclass(frozen=True, slots=True)
class Options:
    """How and where a step is carried out, and when its result may be reused. Only ``state`` reaches the key.

    ``reuse`` is True, False, or the seconds for which a result counts; ``reads`` names outside things that the
    step may read without losing reuse (``"host"``, ``"glob"``, ``"env:NAME"``). ``role`` marks the steps that
    adapt what ``use:`` names, ``state`` reads the outside state that a step depends on. ``kinds`` says more exactly
    than the annotation what class comes out (or, by output, which), from the settings and the classes of the data.
    ``check`` says, before anything runs, what keeps a thing from playing a role with its arguments. ``given`` says what
    the data of a call becomes in a pipeline, from that data, the nodes before it, and its path. ``beside`` marks a
    pipeline without a block of its own: the settings of its steps stand where its own block would.
    """

    reuse: bool | float = True
    reads: tuple[str, ...] = ()
    rowwise: bool = False
    combine: Callable[[list[Any]], Any] | None = None
    role: bool = False
    state: Callable[[dict[str, Any], dict[str, str]], str | None] | None = None
    kinds: Callable[[Mapping[str, Any], Mapping[str, Any]], Any] | None = None
    check: Callable[[Any, Mapping[str, Any]], Sequence[str]] | None = None
    given: Callable[[Mapping[str, Any], Mapping[str, Any], str], dict[str, Any]] | None = None
    beside: bool = False
    retries: int = 0
    timeout: float | None = None
    cpus: float | None = None
    memory: str | None = None
    gpus: float | None = None
    executor: str | None = None
    on_error: Literal["stop", "collect"] = "stop"
    publish: tuple[tuple[str, str], ...] = ()


def parse_publish(said: object) -> tuple[tuple[str, str], ...]:
    """The datasets that outputs become: ``"flights"`` for the only output, or ``{"train": "flights-train"}``.

    Gives pairs of output (empty for the only one) and dataset. Raises ``ValueError`` for names that are none.
    """
    if isinstance(said, str):
        return (("", check_name(str(said), "a dataset")),)
    if not isinstance(said, Mapping) or not said:
        raise ValueError(f"expected the name of a dataset, or {{output: name}}, got {said!r:.80}")
    return tuple((str(output), check_name(name, "a dataset")) for output, name in said.items())


def parse_reuse(text: object) -> bool | float:
    """True, False, or the seconds of an age such as ``"1 day"`` or ``"90 minutes"``."""
    if isinstance(text, bool):
        return text
    found = _AGE.match(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(f"reuse is true, false or an age such as '1 day' or '90 minutes', not {text!r}")
    return float(found[1]) * _SECONDS[found[2]]


class _Plain:
    """The caller inside a running step: other steps are plain helpers there."""

    def call(self, step: Step[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return step.plain(args, kwargs)

    def map(self, step: Step[Any, Any], items: Any, rest: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(items, Mapping):
            return {key: step.plain((item, *rest), kwargs) for key, item in items.items()}
        return [step.plain((item, *rest), kwargs) for item in items]

    def when(self, flag: Any, then: Step[Any, Any], data: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return then.plain(data, kwargs) if flag else None


PLAIN = _Plain()


def active() -> Caller | None:
    """Who answers calls of steps just now, if not the step's own function."""
    caller = ACTIVE.get()
    if caller is not None:
        return caller
    return RECORDERS[-1] if RECORDERS else None


def _check_options(raw: Callable[..., Any], options: Options) -> None:
    """Refuse options that could only be noticed when the step runs, or never."""
    where = f"{getattr(raw, '__name__', raw)!r}"
    if not isinstance(options.rowwise, bool):
        raise DefinitionError(f"{where}: rowwise is True or False, not {options.rowwise!r:.60}")
    if options.combine is not None and not callable(options.combine):
        raise DefinitionError(
            f"{where}: combine is a function that makes one value of the list of values of blocks, not "
            f"{options.combine!r:.60}"
        )


class Step(Generic[P, R]):
    """A function with data inputs, settings and outputs.

    Called inside a pipeline it gives promises; called anywhere else it is its function, with the settings
    checked. ``raw`` is the function as it was written.
    """

    def __init__(self, raw: Callable[P, R], options: Options, name: str | None = None) -> None:
        check_shape(raw)
        _check_options(raw, options)
        self.raw = raw
        self.options = options
        try:
            self.name = check_name(name or raw.__name__, "a step")
        except ValueError as error:
            raise DefinitionError(str(error)) from None
        self.label: str | None = None  # set by `named`
        self.__name__ = raw.__name__
        self.__qualname__ = raw.__qualname__
        self.__module__ = raw.__module__
        self.__doc__ = raw.__doc__
        self.__wrapped__ = raw
        self._signature: Signature | None = None

    @property
    def signature(self) -> Signature:
        """Data, settings and outputs, with every annotation as an object."""
        if self._signature is None:
            self._signature = read_signature(self.raw, role=self.options.role)
        return self._signature

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The step's value; in a pipeline's body a promise of it."""
        caller = active()
        if caller is not None:
            return cast(R, caller.call(self, args, kwargs))
        return self.plain(args, kwargs)

    def plain(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        """Call the function itself, with the settings checked and nothing recorded."""
        data, settings = self.split(args, kwargs)
        problems: list[Any] = []
        bound = bind(self.signature.settings, settings, Settings.empty(), where=self.name, problems=problems)
        if problems:
            raise SettingsError(problems)
        return self.invoke(data, {name: one.value for name, one in bound.items()})

    def invoke(self, data: Mapping[str, Any], settings: Mapping[str, Any]) -> R:
        """Call the function with bound data and settings."""
        places: list[Any] = []
        for one in self.signature.data:
            if one.variadic:
                places.extend(data[one.name])
            else:
                places.append(data[one.name])
        return cast(Callable[..., R], self.raw)(*places, **settings)

    def told(self) -> dict[str, Any]:
        """What is noted with a step run that was carried out, of what the call alone knows (plain data)."""
        return {}

    def split(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The data and the settings of a call; raises ``TypeError`` for what belongs to neither."""
        names = {one.name for one in self.signature.settings}
        places = {one.name for one in self.signature.data if not one.variadic}
        for name in kwargs:
            if name not in names and name not in places:
                from solvent.errors import did_you_mean

                raise TypeError(f"{self.name}() has no parameter {name!r}.{did_you_mean(name, names | places)}")
        data = self.signature.bind_data(args, {k: v for k, v in kwargs.items() if k in places}, self.name)
        return data, {k: v for k, v in kwargs.items() if k in names}

    def named(self, name: str, **options: Any) -> Step[P, R]:
        """The same step under another name in the pipeline, for a second use; it does not inherit settings."""
        try:
            check_name(name, "a step")
        except ValueError as error:
            raise PlanError(str(error)) from None
        twin = self._twin(make_options(self.options, options))
        twin.label = name
        return twin

    def _twin(self, options: Options) -> Step[P, R]:
        twin = type(self)(self.raw, options, self.name)
        twin._signature = self._signature
        return twin

    @overload
    def map(  # type: ignore[overload-overlap]
        self: Step[Concatenate[A, Q], S], items: Mapping[K, A], *rest: Q.args, **settings: Q.kwargs
    ) -> dict[K, S]: ...
    @overload
    def map(self: Step[Concatenate[A, Q], S], items: Iterable[A], *rest: Q.args, **settings: Q.kwargs) -> list[S]: ...
    def map(self, items: Any, *rest: Any, **settings: Any) -> Any:
        """Apply the step to each item of a list or dict; the other data goes to each. Gives a list or a dict.

        In a pipeline this is one node, which unfolds when its items are known. Items are told apart by key or
        by content, so one that is added re-runs none of the others.
        """
        caller = active()
        if caller is not None:
            return caller.map(self, items, rest, settings)
        return PLAIN.map(self, items, rest, settings)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower()} {self.label or self.name}>"


def make_options(base: Options, changes: Mapping[str, Any]) -> Options:
    """Options with changes, which come from code; raises :class:`DefinitionError` for what is no option."""
    if not changes:
        return base
    known = set(Options.__dataclass_fields__)
    for name in changes:
        if name not in known:
            from solvent.errors import did_you_mean

            raise DefinitionError(f"a step has no option {name!r}.{did_you_mean(name, known)}")
    values = dict(changes)
    try:
        if "reuse" in values:
            values["reuse"] = parse_reuse(values["reuse"])
    except ValueError as error:
        raise DefinitionError(str(error)) from None
    if "publish" in values:
        try:
            values["publish"] = parse_publish(values["publish"]) if values["publish"] is not None else ()
        except ValueError as error:
            raise DefinitionError(f"publish: {error}") from None
    if "reads" in values:
        if isinstance(values["reads"], str):
            raise DefinitionError("reads is a list of names, such as reads=['env:HOME']")
        values["reads"] = tuple(values["reads"])
    return replace(base, **values)


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(
    *,
    reuse: bool | str = ...,
    reads: Sequence[str] = ...,
    rowwise: bool = ...,
    combine: Callable[[list[Any]], Any] | None = ...,
    retries: int = ...,
    timeout: float | None = ...,
    cpus: float | None = ...,
    memory: str | None = ...,
    gpus: float | None = ...,
    executor: str | None = ...,
    **internal: Any,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Any = None, /, **options: Any) -> Any:
    """Make a step of a function: positional parameters are data, keyword-only ones settings.

    ``reuse=False`` never reuses a result, ``reuse="1 day"`` only for so long. ``reads`` allows outside reads by
    name. ``rowwise=True`` promises that each row depends on itself alone, so that only new blocks of a table are worked
    on; ``combine`` makes one value of a list of values of blocks, where the step is an aggregation that can be merged.
    ``retries``, ``timeout`` (seconds), ``cpus``, ``memory``, ``gpus`` and ``executor`` say how and where,
    and never enter the key.
    """
    made = make_options(Options(), options)
    if function is not None:
        return Step(function, made)
    return lambda decorated: Step(decorated, made)
