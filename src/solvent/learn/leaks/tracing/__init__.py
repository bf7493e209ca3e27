"""Tracing: which steps led to a predictor, and whether one of them was given rows that it is tested on."""

from solvent.learn.leaks.tracing.judging import Suspect, find_fitted, trace_suspects

__all__ = ["Suspect", "find_fitted", "trace_suspects"]
