"""How values of Solvent show themselves in a notebook: as a page and as text, both made when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Displayed"]

_WHERE = "solvent.notebook.showing"
"""Named cold: what is shown lies below what shows it, and this is imported only in a notebook."""


class Displayed:
    """A value that a notebook shows as self-contained HTML; a terminal gets text."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
        """What a front end may choose from."""
        found: dict[str, str] = import_module(_WHERE).bundle(self)
        return found

    def _repr_html_(self) -> str:
        """The page alone, for what asks for no more."""
        return self._repr_mimebundle_()["text/html"]
