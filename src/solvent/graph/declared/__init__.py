"""A pipeline without Python: the graph that ``of:`` declares in settings, wired by the same calls as any other."""

from solvent.graph.declared.parts import Declared
from solvent.graph.declared.reading import Terms, declare

__all__ = ["Declared", "Terms", "declare"]
