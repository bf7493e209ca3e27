"""What ``use:`` may name, and how it is spoken to: made, fitted, applied and asked."""

from solvent.learn.adapting.asking import (
    apply,
    hand_on,
    names_asked,
    names_made,
    predictions_of,
    probabilities_of,
)
from solvent.learn.adapting.fitting import Lesson, fit_object, prepare_early_stop
from solvent.learn.adapting.handing import as_frame
from solvent.learn.adapting.making import check_role, label_of, make_object

__all__ = [
    "Lesson",
    "apply",
    "as_frame",
    "check_role",
    "fit_object",
    "hand_on",
    "label_of",
    "make_object",
    "names_asked",
    "names_made",
    "predictions_of",
    "prepare_early_stop",
    "probabilities_of",
]
