"""Tracking: after each cell, what it read, made and altered is found in a few milliseconds and handed to the scribe."""

from __future__ import annotations

import base64
import re
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from solvent.archive.formats.pictures import Picture
from solvent.engine.execute.behind.writing import describe_error
from solvent.names import is_name
from solvent.notebook.magic.behind import Cell, Scribe
from solvent.notebook.magic.failing import notice
from solvent.notebook.magic.holding import ATOMS, Clock, Held, hold, secret_by_name
from solvent.notebook.magic.sight import Sight, is_code, look, through_functions
from solvent.notebook.observing.inside.stamps import OPAQUE, glance

if TYPE_CHECKING:
    from solvent.engine.exploring import Recorder

__all__ = ["BUDGET", "Tracker"]

BUDGET = 0.015
"""Seconds that looking at values may take after a cell; with all else it stays below 20 ms."""
_OURS = re.compile(r"\s*%(?:solvent|(?:load|reload|unload)_ext\s+solvent)\b")
_STEP = re.compile(r"\s*%%step\b")
_LABEL = re.compile(r"\s*#\|?\s*(?:label|name)\s*:\s*(?P<name>\S+)")
_PICTURES = 20
_LARGEST_PICTURE = 4_000_000


class Tracker:
    """Watches the cells of one session. Nothing that goes wrong in it reaches a cell."""

    def __init__(self, shell: Any, recorder: Recorder) -> None:
        self.shell = shell
        self.recorder = recorder
        self.scribe = Scribe(recorder.project, recorder.run[0], self.fault)
        self.known: dict[str, Held] = {}
        self._places: dict[str, int] = self._now()
        self._names: dict[str, str] = {}
        self._count = 0
        self._started = time.time()
        self._pictures: list[Picture] = []
        self._faults: set[str] = set()
        self._publish: Callable[..., Any] | None = None

    # -- the session's events ----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Watch from the next cell on."""
        self.shell.events.register("pre_run_cell", self.before)
        self.shell.events.register("post_run_cell", self.after)
        publisher = self.shell.display_pub
        self.recorder.project.behind.append(self.settle)
        self._publish = publisher.publish
        publisher.publish = self._published

    def end(self, seconds: float) -> None:
        """Watch no more, and write what is left within this time."""
        for event, what in (("pre_run_cell", self.before), ("post_run_cell", self.after)):
            with suppress(ValueError):
                self.shell.events.unregister(event, what)
        if self.shell.display_pub.publish == self._published:
            self.shell.display_pub.publish = self._publish
        if self.settle in self.recorder.project.behind:
            self.recorder.project.behind.remove(self.settle)
        self.scribe.close(seconds)

    def before(self, _: Any = None) -> None:
        """A cell begins."""
        self.scribe.give_way()
        self._pictures.clear()
        self._started = time.time()

    def after(self, result: Any) -> None:
        """A cell ended."""
        try:
            self._look(result, time.time())
        except BaseException as error:  # whatever an object of the session raises when it is looked at
            self.fault(error)
        finally:
            self.scribe.go_on()

    def fault(self, error: BaseException) -> None:
        """Say once that something was not tracked, and why."""
        kind = type(error).__name__
        if kind not in self._faults and not isinstance(error, KeyboardInterrupt):
            self._faults.add(kind)
            notice(f"this was not tracked, and the notebook goes on ({kind}: {error})")

    def settle(self) -> None:
        """Wait until what was tracked so far can be asked for."""
        self.scribe.settle(60.0)

    def say(self, text: str) -> None:
        """A line for whoever sits before the notebook."""
        sys.stdout.write(f"{text}\n")

    def took(self, made: Iterable[Held]) -> None:
        """A step of this very cell was recorded by itself, and made these values."""
        for held in made:
            self.known[held.name] = held

    # -- one cell ----------------------------------------------------------------------------------------------

    def _look(self, result: Any, ended: float) -> None:
        info = result.info
        if info is None or not info.store_history or not str(info.raw_cell).strip():
            return
        places = self._now()
        if _STEP.match(info.raw_cell) or (_OURS.match(info.raw_cell) and "\n" not in info.raw_cell.strip()):
            self._forget(places)
            return
        clock = Clock(BUDGET)
        source = getattr(info, "transformed_cell", None) or self.shell.transform_cell(info.raw_cell)
        sight = look(source)
        space = self.shell.user_ns
        touched = (sight.reads | through_functions(sight.reads, space)) - sight.makes | sight.reads
        reads = tuple(self.known[name] for name in sorted(touched) if name in self.known)
        notes: dict[str, list[str]] = {} if sight.told else {"not_compared": ["its code was not read: too long"]}
        changed, late = self._changed(places, sight, touched, clock)
        if late:
            notes.setdefault("not_compared", []).append(f"{', '.join(late)}: the time for this cell was used up")
        gone = [name for name in self._places if name not in places]
        if gone:
            notes["deleted"] = gone
        makes = self._made(changed, clock)
        shown = result.result
        named = type(shown) not in ATOMS and any(shown is space.get(one) for one in self.known)
        if shown is not None and not is_code(shown) and not named:
            makes.append(hold("_", shown, clock))
        makes += [_drawn(f"picture-{number}", one) for number, one in enumerate(self._pictures, 1)]
        self._forget(places)
        error = result.error_before_exec or result.error_in_exec
        status = "ran" if error is None else "cancelled" if isinstance(error, KeyboardInterrupt) else "failed"
        code = _without_secrets(info.raw_cell, ((one.name, space.get(one.name)) for one in makes))
        self.scribe.add(
            Cell(
                self._name(info), code, result.execution_count, self._started, ended, status,
                None if error is None else describe_error(error), reads, tuple(makes), notes,
            )
        )  # fmt: skip

    def _changed(
        self, places: dict[str, int], sight: Sight, touched: Iterable[str], clock: Clock
    ) -> tuple[list[str], list[str]]:
        """The names whose value is another one, or was altered in place; and those for which no time was left."""
        space = self.shell.user_ns
        changed = [name for name, place in places.items() if self._places.get(name) != place or name in sight.makes]
        late = []
        for name in sorted(set(touched) & set(self.known) - set(changed)):
            held, value = self.known[name], space.get(name)
            if type(value) in ATOMS or name not in places:
                continue
            if name in sight.alters:
                changed.append(name)
            elif clock.left <= 0:
                late.append(name)
            elif held.stamp != OPAQUE and glance(value) != held.stamp:
                changed.append(name)
        return changed, late

    def _made(self, changed: Iterable[str], clock: Clock) -> list[Held]:
        space = self.shell.user_ns
        makes: list[Held] = []
        same: dict[int, Held] = {}
        for name in changed:
            value = space[name]
            if is_code(value):
                self.known.pop(name, None)
                continue
            twin = same.get(id(value))
            held = hold(name, value, clock) if twin is None else twin.twin(name)
            same[id(value)] = self.known[name] = held
            makes.append(held)
        return makes

    def _forget(self, places: dict[str, int]) -> None:
        for name in self._places:
            if name not in places:
                self.known.pop(name, None)
        self._places = places

    def _now(self) -> dict[str, int]:
        """Where the values of the session's own names are."""
        hidden = self.shell.user_ns_hidden
        return {
            name: id(value)
            for name, value in list(self.shell.user_ns.items())
            if not name.startswith("_") and not (name in hidden and hidden[name] is value)
        }

    def _name(self, info: Any) -> str:
        """The name of a cell: what it says itself, or its number in the order of the first carrying-out."""
        said = _LABEL.match(info.raw_cell)
        if said is not None and is_name(said["name"]):
            return self.recorder.path(said["name"])
        cell = getattr(info, "cell_id", None)
        if cell is None or cell not in self._names:
            self._count += 1
        name = self._names.setdefault(cell or f"#{self._count}", f"cell-{self._count}")
        return self.recorder.path(name)

    def _published(self, data: Any, *args: Any, **more: Any) -> Any:
        """A display on its way to the page: pictures in it are kept as well."""
        try:
            self._keep_picture(data)
        except Exception as error:
            self.fault(error)
        assert self._publish is not None
        return self._publish(data, *args, **more)

    def _keep_picture(self, data: Any) -> None:
        if len(self._pictures) >= _PICTURES or not isinstance(data, dict):
            return
        png, svg = data.get("image/png"), data.get("image/svg+xml")
        if isinstance(png, str) and len(png) <= _LARGEST_PICTURE:
            self._pictures.append(Picture("png", base64.b64decode(png)))
        elif isinstance(png, bytes) and len(png) <= _LARGEST_PICTURE:
            self._pictures.append(Picture("png", png))
        elif isinstance(svg, str) and len(svg) <= _LARGEST_PICTURE:
            self._pictures.append(Picture("svg", svg.encode()))


def _without_secrets(source: str, made: Iterable[tuple[str, Any]]) -> str:
    """The code of a cell, without the texts that it gives to names of secrets."""
    for name, value in made:
        if secret_by_name(name, value) and isinstance(value, str) and len(value) >= 4:
            source = source.replace(value, "***")
    return source


def _drawn(name: str, picture: Picture) -> Held:
    held = Held(name, OPAQUE, "picture")
    held.value, held.size = picture, len(picture.data)
    return held
