"""Cross-validation: a candidate is learnt and tested once for each fold, and what came out is gathered."""

from solvent.learn.validation.gathering import gather_folds
from solvent.learn.validation.testing import Tested
from solvent.learn.validation.wiring import CrossValidation, cross_validate

__all__ = ["CrossValidation", "Tested", "cross_validate", "gather_folds"]
