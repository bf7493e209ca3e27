"""Magic: ``%load_ext solvent`` makes a session of IPython an exploration that is tracked."""

from __future__ import annotations

from solvent.notebook.magic.session import load, tracker_of, unload

__all__ = ["load", "tracker_of", "unload"]
