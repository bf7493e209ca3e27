"""Portraits: values written as plain data and arrays, so that those of two processes can be compared.

Like the stamps this runs in whichever interpreter the notebook has, and imports what that imported already. Nothing is
pickled.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import types
from typing import Any

__all__ = ["portray"]

_CELLS = 5_000_000
_ITEMS = 2_000
_DEEPEST = 16
_PARTS = 100_000  # of one value
_ROWS = 2_000


def portray(values: dict[str, Any], folder: str) -> None:
    """Write the portraits of named values into a folder: ``portraits.json``, and arrays beside it."""
    os.makedirs(folder, exist_ok=True)
    artist = _Artist(folder, values)
    told = {name: artist.of(value, name, 0) for name, value in values.items()}
    with open(os.path.join(folder, "portraits.json"), "w", encoding="utf-8") as file:
        json.dump(told, file)


class _Artist:
    """Makes one portrait after the other."""

    def __init__(self, folder: str, values: dict[str, Any]) -> None:
        self.folder, self.values = folder, values
        self.files = self.parts = 0
        self.open: list[int] = []

    def of(self, value: Any, name: str, depth: int) -> dict[str, Any]:
        """The portrait of one value."""
        try:
            if id(value) in self.open:
                return {"is": "plain", "value": f"what is {len(self.open) - self.open.index(id(value))} above it"}
            self.parts = self.parts + 1 if self.open else 0
            if depth > _DEEPEST or self.parts > _PARTS:
                return _none("it lies too deep, or is of too many parts")
            self.open.append(id(value))
            try:
                return self._of(value, name, depth)
            finally:
                self.open.pop()
        except Exception as error:  # a hostile object says why it cannot be looked at
            return _none(f"it could not be looked at ({type(error).__name__}: {str(error)[:200]})")

    def _of(self, value: Any, name: str, depth: int) -> dict[str, Any]:
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return {"is": "plain", "value": value if kind is not int or abs(value) < 2**63 else str(value)}
        if kind is float:
            return {"is": "number", "value": _number(value)}
        if kind in (bytes, complex) or (kind.__module__ in ("datetime", "decimal", "uuid", "fractions")):
            return {"is": "plain", "value": repr(value)}
        for look in (self._array, self._table, self._tensor, self._figure):
            made = look(value, name)
            if made is not None:
                return made
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type, types.ModuleType)):
            return {
                "is": "code",
                "value": getattr(value, "__name__", ""),
                "body": _body(getattr(value, "__code__", None)),
            }
        if type(value).__name__ == "NpzFile":  # arrays by their names, whatever their file is called
            value = {key: value[key] for key in value.files}
        if isinstance(value, dict):
            keys = [repr(key) for key in value]
            items = [self.of(item, name, depth + 1) for item in list(value.values())[:_ITEMS]]
            return {"is": "mapping", "class": _class(value), "keys": keys[:_ITEMS], "items": items, "length": len(keys)}
        if isinstance(value, (list, tuple)):
            items = [self.of(item, name, depth + 1) for item in value[:_ITEMS]]
            return {"is": "sequence", "class": _class(value), "items": items, "length": len(value)}
        if isinstance(value, (set, frozenset)):
            return {"is": "plain", "value": sorted(map(repr, value))}
        if isinstance(value, range):
            return {"is": "plain", "value": repr(value)}
        if hasattr(value, "__dict__") and (
            callable(getattr(value, "predict", None))
            or (callable(getattr(value, "transform", None)) and callable(getattr(value, "fit", None)))
        ):
            return self._model(value)
        return self._object(value, name, depth)

    # -- numbers -----------------------------------------------------------------------------------------------

    def save(self, array: Any) -> str:
        import numpy

        self.files += 1
        file = f"{self.files}.npy"
        numpy.save(os.path.join(self.folder, file), array, allow_pickle=False)
        return file

    def _array(self, value: Any, name: str) -> dict[str, Any] | None:
        numpy = sys.modules.get("numpy")
        if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)):
            scipy = sys.modules.get("scipy.sparse")
            if scipy is not None and scipy.issparse(value):
                made = value.tocsr(copy=True)
                made.sum_duplicates()
                made = made.tocoo()
                told = {one: self.save(getattr(made, one)) for one in ("row", "col", "data")}
                return {"is": "sparse", "shape": list(value.shape), **told}
            return None
        if value.dtype.hasobject:
            flat = value.ravel()
            if flat.size > _CELLS:
                return _none(f"{flat.size} objects are too many to look at")
            if flat.size and type(flat[0]).__module__.startswith("matplotlib."):  # the axes of a figure
                items = [self.of(one, name, 1) for one in flat.tolist()]
                shape = " × ".join(map(str, value.shape))
                return {"is": "sequence", "class": f"axes ({shape})", "items": items, "length": flat.size}
            return {"is": "cells", "shape": list(value.shape), "cells": [_cell(one) for one in flat.tolist()]}
        if isinstance(value, numpy.generic):
            plain = value.item()
            if isinstance(plain, float):
                return {"is": "number", "value": _number(plain)}
            return {"is": "plain", "value": plain if isinstance(plain, (bool, int, str)) else repr(plain)}
        if value.dtype.names is not None:
            parts = [self._array(value[one], name) for one in value.dtype.names]
            return {"is": "mapping", "class": "record", "keys": list(value.dtype.names), "items": parts,
                    "length": len(parts)}  # fmt: skip
        if value.dtype.kind not in "biufcmMSU":
            return _none(f"arrays of {value.dtype} are not compared")
        return {"is": "array", "dtype": str(value.dtype), "shape": list(value.shape), "file": self.save(value)}

    def _tensor(self, value: Any, name: str) -> dict[str, Any] | None:
        torch = sys.modules.get("torch")
        if torch is None:
            return None
        if isinstance(value, torch.Tensor):
            return self._array(value.detach().cpu().numpy(), name)
        if isinstance(value, torch.nn.Module):
            state = value.state_dict()
            items = [self._array(one.detach().cpu().numpy(), name) for one in state.values()]
            return {"is": "mapping", "class": _class(value), "keys": list(state), "items": items, "length": len(state)}
        return None

    # -- tables ------------------------------------------------------------------------------------------------

    def _table(self, value: Any, name: str) -> dict[str, Any] | None:
        pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
        if polars is not None and isinstance(value, polars.LazyFrame):
            value = value.collect()
        if polars is not None and isinstance(value, (polars.DataFrame, polars.Series)):
            columns = value.get_columns() if isinstance(value, polars.DataFrame) else [value]
            told = [[one.name, str(one.dtype), self._values(one.to_list())] for one in columns]
            return {"is": "table", "class": _class(value), "rows": len(value), "columns": told}
        if pandas is None or not isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index)):
            return None
        if value.size > 4 * _CELLS:
            return _none(f"{value.size} cells are too many to look at")
        columns = []
        if isinstance(value, pandas.DataFrame):
            columns = [[_label(one), value.iloc[:, place]] for place, one in enumerate(value.columns)]
        elif isinstance(value, pandas.Series):
            columns = [[_label(value.name), value]]
        index = value if isinstance(value, pandas.Index) else value.index
        if isinstance(index, pandas.MultiIndex):
            columns[:0] = [[f"index {place}", index.get_level_values(place)] for place in range(index.nlevels)]
        else:
            columns[:0] = [["index", index]]
        told = [[label, str(one.dtype), self._column(one)] for label, one in columns]
        return {"is": "table", "class": _class(value), "rows": len(index), "columns": told}

    def _column(self, column: Any) -> dict[str, Any]:
        kind = getattr(column.dtype, "kind", "O")
        if kind in "biuf":
            plain = _unmasked(column) if hasattr(getattr(column, "array", None), "_mask") else column.to_numpy()
            if plain is not None:
                return self._array(plain, "") or _none("")
        if kind in "mM" and getattr(column.dtype, "tz", None) is None:
            return self._array(column.to_numpy(), "") or _none("")
        return self._values(list(column))

    def _values(self, values: list[Any]) -> dict[str, Any]:
        if len(values) > _CELLS:
            return _none(f"{len(values)} cells are too many to look at")
        return {"is": "cells", "shape": [len(values)], "cells": [_cell(one) for one in values]}

    # -- models, figures, objects --------------------------------------------------------------------------------

    def _model(self, value: Any) -> dict[str, Any]:
        """A model by what it says of the rows at hand, else by what it learnt."""
        told: dict[str, Any] = {"is": "model", "class": _class(value)}
        for name, rows in self._rows_for(value):
            for method in ("predict_proba", "decision_function", "predict", "transform"):
                asked = getattr(value, method, None)
                if not callable(asked):
                    continue
                try:
                    answer = asked(rows)
                except Exception:
                    continue
                if hasattr(answer, "toarray"):
                    answer = answer.toarray()
                made = self._array(getattr(answer, "values", answer), "") or self._table(answer, "")
                if made is not None and made["is"] != "none":
                    return {**told, "answers": made, "asked": f"{method}({name})"}
        state = {key: one for key, one in sorted(vars(value).items()) if key.endswith("_") and not key.startswith("_")}
        if not state:
            state = dict(getattr(value, "get_params", lambda: {})())
        state = {key: _timeless(one) for key, one in state.items() if not key.endswith("_time_")}
        items = [self.of(one, "", 2) for one in state.values()]
        return {**told, "learnt": {"is": "mapping", "class": "dict", "keys": list(state), "items": items,
                                   "length": len(state)}}  # fmt: skip

    def _rows_for(self, value: Any) -> list[tuple[str, Any]]:
        """Values that the model could be asked about: as many columns as it learnt from, test rows first."""
        names = getattr(value, "feature_names_in_", None)
        width = getattr(value, "n_features_in_", None)
        found: list[tuple[str, Any]] = []
        for name, rows in self.values.items():
            columns = getattr(rows, "columns", None)
            if names is not None and columns is not None:
                if set(map(str, names)) <= set(map(str, columns)):
                    found.append((name, rows[list(names)][:_ROWS]))
            elif names is None and hasattr(rows, "tocsr"):
                if width in (None, rows.shape[1]):
                    found.append((name, rows.tocsr()[:_ROWS]))
            elif names is None and len(getattr(rows, "shape", ())) == 2 and width in (None, rows.shape[1]):
                found.append((name, rows[:_ROWS]))
        return sorted(found, key=lambda one: ("test" not in one[0].lower(), "valid" not in one[0].lower(), one[0]))[:3]

    def _figure(self, value: Any, name: str) -> dict[str, Any] | None:
        """A picture of matplotlib by the numbers in it."""
        matplotlib = sys.modules.get("matplotlib.figure")
        if matplotlib is None:
            return None
        axes = value.axes if isinstance(value, matplotlib.Figure) else [value] if hasattr(value, "get_xlim") else None
        if axes is None or not isinstance(axes, (list, tuple)):
            return None
        told = []
        for one in axes:
            lines = [self._array(_floats(line.get_xydata()), "") for line in one.get_lines()]
            patches = [self._array(_outline(patch), "") for patch in one.patches[:_ITEMS]]
            dots = [self._array(_floats(dots.get_offsets()), "") for dots in one.collections[:_ITEMS]]
            images = [self._array(_floats(image.get_array()), "") for image in one.get_images()]
            words = [one.get_title(), one.get_xlabel(), one.get_ylabel()]
            told.append({"words": words, "parts": [*lines, *patches, *dots, *images]})
        return {"is": "figure", "axes": told}

    def _artist(self, value: Any) -> dict[str, Any] | None:
        """A part of a picture by its numbers or its words."""
        if hasattr(value, "get_xydata"):
            return self._array(_floats(value.get_xydata()), "")
        if hasattr(value, "get_offsets"):
            return self._array(_floats(value.get_offsets()), "")
        if hasattr(value, "get_texts"):
            return {"is": "plain", "value": [one.get_text() for one in value.get_texts()]}
        if hasattr(value, "get_text"):
            return {"is": "plain", "value": value.get_text()}
        return self._array(_outline(value), "") if hasattr(value, "get_patch_transform") else None

    def _object(self, value: Any, name: str, depth: int) -> dict[str, Any]:
        """Another object by what it is made of: what a copy of it would be made from, in its class's own words."""
        if hasattr(value, "__next__") or hasattr(value, "fileno") or hasattr(value, "cursor"):
            return _none("generators, files and connections are not compared")
        package = type(value).__module__.partition(".")[0]
        if package in ("matplotlib", "seaborn", "IPython"):
            drawn = self._figure(getattr(value, "figure", None), name) if package == "seaborn" else None
            shown = self._artist(value) if package == "matplotlib" else drawn
            return shown or _none(f"objects of {_class(value)} are not compared")
        if package == "marimo":  # an element of a page, which has another name each time; what it is set to counts
            if not hasattr(value, "value"):
                return _none(f"objects of {_class(value)} are not compared")
            items = [self.of(value.value, name, depth + 1)]
            return {"is": "mapping", "class": _class(value), "keys": ["value"], "items": items, "length": 1}
        try:
            made = value.__reduce_ex__(2)
        except (TypeError, AttributeError):
            return _none(f"objects of {_class(value)} are not compared")
        if isinstance(made, str):
            return {"is": "code", "value": made, "body": ""}
        given = [one for one in made[1] if not isinstance(one, type)]
        state = made[2] if len(made) > 2 else None
        parts = {f"given {place}": one for place, one in enumerate(given)}
        parts |= (
            {key: state[key] for key in sorted(state, key=str) if key != "_cache"}  # what is there depends on who asked
            if isinstance(state, dict)
            else {"state": state}
        )
        parts["items"] = [list(itertools.islice(one, _ITEMS)) for one in made[3:5] if one is not None]
        items = [self.of(one, name, depth + 1) for one in list(parts.values())[:_ITEMS]]
        keys = list(map(str, parts))[:_ITEMS]
        return {"is": "mapping", "class": _class(value), "keys": keys, "items": items, "length": len(parts)}


def _body(code: Any) -> str:
    """What a function does, as its instructions and constants say; empty for what is no function of Python's."""
    if code is None:
        return ""
    constants = [_body(one) if hasattr(one, "co_code") else repr(one) for one in code.co_consts]
    return repr((code.co_code.hex(), constants, code.co_names, code.co_varnames))


def _outline(patch: Any) -> Any:
    """The corners of a bar or the like; its path alone is that of every bar."""
    return _floats(patch.get_patch_transform().transform(patch.get_path().vertices))


def _floats(values: Any) -> Any:
    import numpy

    return numpy.asarray(numpy.ma.filled(numpy.ma.asarray(values, dtype=float), numpy.nan))


def _timeless(value: Any) -> Any:
    """Results of a search without the seconds that it took, which are others each time."""
    if isinstance(value, dict) and any(str(key).endswith("_fit_time") for key in value):
        return {key: one for key, one in value.items() if not str(key).endswith("_time")}
    return value


def _none(why: str) -> dict[str, Any]:
    return {"is": "none", "why": why}


def _class(value: Any) -> str:
    kind = type(value)
    return str(kind.__name__)


def _number(value: float) -> Any:
    return value if math.isfinite(value) else repr(value)


def _label(name: Any) -> str:
    return str(name)


def _unmasked(column: Any) -> Any:
    """The numbers of a nullable column as a table gives them back: floats where one is missing and they are exact."""
    missing = column.isna()
    if not missing.any():
        return column.to_numpy(dtype=column.dtype.numpy_dtype)
    if column.dtype.kind == "b" or (column.dtype.kind in "iu" and bool((column.abs() > 2**53).any())):
        return None
    return column.to_numpy(dtype="float64", na_value=float("nan"))


def _cell(value: Any) -> Any:
    """One cell of a column of objects, as JSON has it."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        return _cell(value.item())
    if hasattr(value, "tolist"):
        return str(value.tolist())
    text = str(value)
    if " at 0x" in text:  # where it lies in memory says nothing
        raise TypeError(f"cells of {_class(value)} are not compared")
    return None if text in ("<NA>", "NaT") else text
