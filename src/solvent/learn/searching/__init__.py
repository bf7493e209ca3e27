"""Search: candidates of one step or pipeline with settings drawn from a space, each a trial with keys of its own."""

from solvent.learn.searching.choosing import Trial
from solvent.learn.searching.wiring import search

__all__ = ["Trial", "search"]
