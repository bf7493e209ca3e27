"""Leaks: what makes a model look better than it will be, looked for in the rows and in what led to them."""

from solvent.learn.leaks.auditing import audit_leaks
from solvent.learn.leaks.record import Audit, Finding

__all__ = ["Audit", "Finding", "audit_leaks"]
