"""The registry as people use it: which versions there are, which one an alias means, promoting and rolling back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from solvent.archive.catalog import models
from solvent.data.family import bare_of
from solvent.delivery.bundles import Bundle, PackedPredictor
from solvent.errors import InputError, UsageError
from solvent.learn.assembly import Predictor
from solvent.names import check_name

if TYPE_CHECKING:
    from solvent.engine.home import Home

__all__ = ["ModelSource", "find_model", "load_bundle", "note_version", "promote_version", "roll_back_alias"]

_MOST = 65_536
"""The most characters of a note."""


def find_model(project: Home, reference: str) -> models.VersionRow:
    """The version behind ``NAME``, ``NAME@ALIAS`` or ``NAME@v3``; without more it is the champion.

    Raises :class:`NotFound` with the names that there are.
    """
    name, at, place = reference.removeprefix("model:").partition("@")
    if at and not place:
        raise UsageError(f"{reference!r} names no alias and no version: write {name}@champion or {name}@v3")
    if place[:1] == "v" and place[1:].isdigit():
        return models.find_version(project.catalog, name, int(place[1:]))
    return models.find_version(project.catalog, name, alias=place or "champion")


def load_bundle(project: Home, reference: str) -> Bundle:
    """The bundle behind a reference; every byte of it is verified."""
    return project.archive.get(find_model(project, reference).bundle, Bundle)  # type: ignore[no-any-return]


def promote_version(project: Home, reference: str, alias: str = "champion", reason: str | None = None) -> int | None:
    """Point an alias at a version because a person says so, also at a refused one, if a reason is given.

    Gives the version that it pointed at before. Raises :class:`UsageError` for what cannot name an alias, and for a
    refused version without a reason.
    """
    try:
        check_name(alias, "an alias")
    except ValueError as error:
        raise UsageError(str(error)) from None
    chosen = find_model(project, reference)
    if chosen.status == "refused" and not (reason or "").strip():
        raise UsageError(
            f"{chosen.model}@v{chosen.version} was refused by its gates (solvent models show {chosen.model}@"
            f"v{chosen.version} says by which). To promote it all the same, say why: --reason TEXT"
        )
    project.archive.get(chosen.bundle, Bundle)  # what cannot be read must not serve
    while True:  # until nobody else moved it between the look and the move
        found = models.alias_version(project.catalog, chosen.model, alias)
        before = None if found is None else found.version
        with project.catalog.write() as tx:
            if models.move_alias(tx, _move(chosen.model, alias, reason), chosen.version, before):
                return before


def roll_back_alias(project: Home, model: str, alias: str = "champion", reason: str | None = None) -> tuple[int, int]:
    """Point an alias at the version before, and withdraw the one it leaves; gives both numbers."""
    with project.catalog.write() as tx:
        return models.roll_back(tx, _move(model, alias, reason))


def note_version(project: Home, reference: str, text: str) -> models.VersionRow:
    """Add a note to a version, under the name of who runs this; gives the version.

    Notes are kept for good, each with who and when. Raises :class:`UsageError` for a text that is empty, too long, or
    no text (a zero character, half of a character).
    """
    said = text.strip()
    if not said:
        raise UsageError("the note is empty: say what there is to know about the version")
    if len(said) > _MOST:
        raise UsageError(
            f"the note has {len(said):,} characters, and {_MOST:,} is the most. Keep what is longer in a file, and "
            f"name that in the note"
        )
    if "\0" in said or any("\ud800" <= one <= "\udfff" for one in said):
        raise UsageError("the note is no text: it holds a zero character, or bytes that are not UTF-8")
    from solvent.engine.record.host import here

    chosen = find_model(project, reference)
    with project.catalog.write() as tx:
        models.add_note(tx, chosen.model, chosen.version, models.NoteRow(time.time(), here().user, said))
    return chosen


def _move(model: str, alias: str, reason: str | None) -> models.Move:
    from solvent.engine.record.host import here

    return models.Move(model, alias, here().user, time.time(), None, reason, person=True)


class ModelSource:
    """The input ``{model: delays@champion}``: the predictor of a version, as a value for a pipeline."""

    def __init__(self, project: Home, reference: str) -> None:
        self._project = project
        self._reference = reference
        self._row = find_model(project, reference)

    def describe(self) -> dict[str, Any]:
        """Which version, and what was asked for."""
        return {
            "kind": "model",
            "reference": self._reference,
            "model": self._row.model,
            "version": self._row.version,
            "digest": self._row.bundle,
        }

    def version(self) -> str | None:
        """None: the predictor's classes come from the bundle's own code, so the bundle is opened each time."""
        return None

    def read(self, wanted: Any) -> Any:
        """The predictor, or the bundle itself where that is asked for."""
        bundle: Bundle = self._project.archive.get(self._row.bundle, Bundle)
        wanted = bare_of(wanted)
        if wanted is Bundle:
            return bundle
        if wanted in (Any, object, Predictor) or getattr(wanted, "_is_protocol", False):
            return PackedPredictor(bundle)
        raise InputError(f"a model comes as a Predictor, and {wanted} is asked for")
