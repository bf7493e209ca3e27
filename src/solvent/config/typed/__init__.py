"""Values become what the annotations of a step promise: strictly, with what a file's notation owes."""

from solvent.config.typed.convert import converter, overlay, validate
from solvent.config.typed.faults import Fault, Invalid

__all__ = ["Fault", "Invalid", "converter", "overlay", "validate"]
