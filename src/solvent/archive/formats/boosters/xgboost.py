"""The format of XGBoost's models: its own binary JSON, and the settings of its scikit-learn classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from solvent import digest
from solvent.archive.formats.base import Written
from solvent.archive.formats.boosters.estimator import (
    LARGEST,
    booster_of,
    check_own,
    find_class,
    is_of,
    read_settings,
    write_settings,
)
from solvent.errors import Corrupted

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["XGBoostFormat"]

_NAMES = ("Booster", "XGBClassifier", "XGBModel", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor")


class XGBoostFormat:
    """Boosters and fitted estimators. Numbers come back exactly; history of training (curves) is not kept."""

    name = "xgboost.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a model of XGBoost."""
        return is_of(value, "xgboost")

    def write(self, value: Any, sink: Sink) -> Written:
        """Turn the model into bytes now, so that a later ``fit`` reaches nobody."""
        name = check_own(value, "xgboost", _NAMES)
        booster = booster_of(value, name)
        data = bytes(booster.save_raw("ubj"))
        settings = {} if name == "Booster" else value.get_params()
        document, settled = write_settings(settings, sink, name)
        identity = [name, sink.behaviour(type(value)), digest.of_bytes("xgboost.1", data), settled]
        facts = {"class": name, "bytes": len(data), "trees": booster.num_boosted_rounds()}
        body = {"class": name, "settings": document}
        return Written(identity, None, lambda target: {**body, "model": target.blob(data)}, None, len(data), facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """A fresh model. Raises :class:`Corrupted` for bytes that are no such model."""
        kind = find_class("xgboost", "xgboost", body["class"], _NAMES)
        data = source.blob(body["model"])
        if len(data) > LARGEST or data[:1] != b"{":
            raise Corrupted(f"{len(data)} bytes are no model of XGBoost that can be loaded")
        said = read_settings(body["settings"], source)
        from xgboost.core import XGBoostError

        made = kind(**said)
        try:
            made.load_model(bytearray(data))
        except (XGBoostError, ValueError, KeyError, TypeError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise Corrupted(f"a model of XGBoost cannot be read: {first}") from error
        for name, value in said.items():  # loading puts what training found in the place of what was asked for
            setattr(made, name, value)
        return made
