"""The format of LightGBM's models: its own text, and what its scikit-learn classes know besides."""

from __future__ import annotations

import re
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
from solvent.errors import Corrupted, NoFormat

if TYPE_CHECKING:
    from solvent.archive.formats.base import Sink, Source

__all__ = ["LightGBMFormat"]

_NAMES = ("Booster", "LGBMClassifier", "LGBMModel", "LGBMRanker", "LGBMRegressor")
_SIZES = re.compile(r"^tree_sizes=([\d ]*)$", re.M)


class LightGBMFormat:
    """Boosters and fitted estimators. Numbers come back exactly; history of training (curves) is not kept.

    A model that was stopped early is kept up to its best round, as LightGBM itself writes it.
    """

    name = "lightgbm.1"

    def accepts(self, value: Any) -> bool:
        """Whether the value is a model of LightGBM."""
        return is_of(value, "lightgbm")

    def write(self, value: Any, sink: Sink) -> Written:
        """Turn the model into text now, so that a later ``fit`` reaches nobody."""
        name = check_own(value, "lightgbm", _NAMES)
        booster = booster_of(value, name)
        data = booster.model_to_string().encode()
        settings, known = ({}, {}) if name == "Booster" else (value.get_params(), _state(value, name))
        document, settled = write_settings({"settings": settings, "state": known}, sink, name)
        identity = [name, sink.behaviour(type(value)), digest.of_bytes("lightgbm.1", data), settled]
        facts = {"class": name, "bytes": len(data), "trees": booster.num_trees()}
        body = {"class": name, "settings": document}
        return Written(identity, None, lambda target: {**body, "text": target.blob(data)}, None, len(data), facts)

    def read(self, body: Any, source: Source, wanted: Any) -> Any:
        """A fresh model. Raises :class:`Corrupted` for a text that is no such model."""
        kind = find_class("lightgbm", "lightgbm", body["class"], _NAMES)
        text = _checked(source.blob(body["text"]))
        said = read_settings(body["settings"], source)
        from lightgbm import Booster
        from lightgbm.basic import LightGBMError

        try:
            booster = Booster(model_str=text)
        except LightGBMError as error:
            raise Corrupted(f"the text of a LightGBM model cannot be read: {error}") from error
        if body["class"] == "Booster":
            return booster
        made = kind(**said["settings"])
        _restore(made, booster, said["state"])
        return made


def _state(value: Any, name: str) -> dict[str, Any]:
    """What a fitted estimator knows that neither its settings nor its booster say."""
    if callable(value._objective):
        raise NoFormat(f"{name} was trained with an objective of your own, which is code; an artifact never carries it")
    classes = getattr(value, "_classes", None)
    return {
        "objective": value._objective,
        "features": value._n_features,
        "named": value._fitted_with_feature_names,
        "best": value._best_iteration,
        "classes": classes.tolist() if classes is not None and classes.dtype.hasobject else classes,
    }


def _restore(made: Any, booster: Any, state: dict[str, Any]) -> None:
    """Make an estimator a fitted one: LightGBM has no way of its own to do this, so its own fields are set."""
    made._Booster = booster
    made._objective = state["objective"]
    made._n_features = made._n_features_in = state["features"]
    made._fitted_with_feature_names = state["named"]
    made._best_iteration = state["best"]
    made._best_score, made._evals_result = {}, {}
    made._class_weight = made.class_weight
    classes = state["classes"]
    if classes is not None:
        if isinstance(classes, list):
            import numpy as np

            classes = np.array(classes, dtype=object)
        from sklearn.preprocessing import LabelEncoder

        made._le = LabelEncoder().fit(classes)
        made._classes, made._n_classes = classes, len(classes)
        made._class_map = dict(zip(classes, range(len(classes)), strict=True))
    made.fitted_ = True


def _checked(data: bytes) -> str:
    """The text, if the lengths in its head are those of what follows: LightGBM believes them."""
    if len(data) > LARGEST:
        raise Corrupted(f"a LightGBM model of {len(data)} bytes is too large to be loaded")
    text = data.decode("utf-8", "strict")
    sizes = _SIZES.search(text[:10_000_000])
    start = text.find("\nTree=0\n") + 1
    if not text.startswith("tree\n") or "\nend of trees\n" not in text or (sizes is None) != (start == 0):
        raise Corrupted("the text of a LightGBM model has no trees or no end; it was not loaded")
    if sizes is not None:
        place = len(text[:start].encode())
        for number, size in enumerate(map(int, sizes[1].split())):
            if not data[place : place + 32].startswith(f"Tree={number}\n".encode()):
                raise Corrupted(f"the text of a LightGBM model has no tree {number} where it says; it was not loaded")
            place += size
    return text
