"""What MLflow loads a model with: ``mlflow.pyfunc.load_model`` finds this module by its name in ``MLmodel``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from solvent.delivery.bundles import Bundle
from solvent.delivery.trust.policy import make_trust, open_foreign
from solvent.learn.assembly import Predictor

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["PackedModel"]


class PackedModel:
    """A bundle that is asked with pandas, as MLflow asks its models."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predict(self, rows: Any, params: Any = None) -> pd.DataFrame:
        """The column ``prediction`` and, for a classifier, ``probability_CLASS`` for each class, a row for each."""
        import pandas as pd

        frame = pd.DataFrame(rows)
        answers = self._predictor.answer(self._as_trained(frame))
        made = {"prediction": answers.prediction}
        if answers.probability is not None:
            for place, name in enumerate(answers.classes):
                made[f"probability_{name}"] = answers.probability[:, place]
        return pd.DataFrame(made, index=frame.index)

    def _as_trained(self, frame: pd.DataFrame) -> pl.DataFrame:
        """The rows as Polars has them. MLflow's times have no zone: where training saw one, they are UTC."""
        import polars as pl

        made = pl.from_pandas(frame)
        zones = {one.name: one.kind[9:] for one in self._predictor.columns if one.kind.startswith("datetime ")}
        for name, zone in zones.items():
            if name in made.columns and getattr(made.schema[name], "time_zone", "") is None:
                moments = made.get_column(name).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
                made = made.with_columns(moments)
        return made


def _load_pyfunc(path: str) -> PackedModel:
    """Open the bundle at this path. Where ``SOLVENT_TRUST`` names a file of public keys, one of them has to vouch.

    Without it, whoever calls MLflow's ``load_model`` trusts the folder, as with every model of MLflow.
    """
    folder = Path(path)
    keys = os.environ.get("SOLVENT_TRUST")
    if keys:
        return PackedModel(open_foreign(folder, make_trust(file=Path(keys))).predictor)
    return PackedModel(Bundle.from_artifact(folder).predictor)
