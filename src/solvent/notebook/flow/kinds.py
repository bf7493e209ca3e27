"""Types of a notebook's values as annotations, with what has to be imported for them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

__all__ = ["Annotation", "annotation_of"]


@dataclass(frozen=True)
class Annotation:
    """The text of an annotation, the import that it needs, and what makes sure of a plain number's class."""

    text: str
    needs: str = ""
    cast: str = ""


_KNOWN = {
    "pandas.DataFrame": Annotation("pd.DataFrame", "import pandas as pd"),
    "pandas.Series": Annotation("pd.Series", "import pandas as pd"),
    "pandas.Index": Annotation("pd.Index", "import pandas as pd"),
    "numpy.ndarray": Annotation("np.ndarray[Any, Any]", "import numpy as np"),
    "polars.DataFrame": Annotation("pl.DataFrame", "import polars as pl"),
    "polars.LazyFrame": Annotation("pl.LazyFrame", "import polars as pl"),
    "polars.Series": Annotation("pl.Series", "import polars as pl"),
    "int": Annotation("int", cast="int"),
    "float": Annotation("float", cast="float"),
    "bool": Annotation("bool", cast="bool"),
    "str": Annotation("str", cast="str"),
    "list": Annotation("list[Any]"),
    "dict": Annotation("dict[Any, Any]"),
    "tuple": Annotation("tuple[Any, ...]"),
    "set": Annotation("set[Any]"),
}
_SHORT = {"pandas.core.frame.DataFrame": "pandas.DataFrame", "pandas.core.series.Series": "pandas.Series",
          "polars.dataframe.frame.DataFrame": "polars.DataFrame", "polars.series.series.Series": "polars.Series",
          "polars.lazyframe.frame.LazyFrame": "polars.LazyFrame"}  # fmt: skip


def annotation_of(kind: str) -> Annotation:
    """The annotation of a class by its name with its module, ``Any`` for what has none that a type checker knows."""
    kind = _SHORT.get(kind, kind)
    if kind.endswith("]"):
        outer, _, inner = kind[:-1].partition("[")
        each = annotation_of(inner)
        return Annotation(f"list[{each.text}]" if outer == "list" else f"dict[Any, {each.text}]", each.needs)
    if kind in _KNOWN:
        return _KNOWN[kind]
    if kind.startswith("pandas.") and kind.endswith("Index"):
        return _KNOWN["pandas.Index"]
    if kind.startswith("numpy.float"):
        return Annotation("float", cast="float")
    if kind.startswith(("numpy.int", "numpy.uint")):
        return Annotation("int", cast="int")
    if kind.startswith("numpy.bool"):
        return Annotation("bool", cast="bool")
    module, _, name = kind.rpartition(".")
    if module.startswith(("sklearn.", "xgboost.", "lightgbm.")):
        public = _public(module, name)
        if public is not None:
            return Annotation(name, f"from {public} import {name}")
    return Annotation("Any")


def _public(module: str, name: str) -> str | None:
    """The package that offers a class whose module is the inside of it."""
    parts = module.split(".")
    while parts and parts[-1].startswith("_"):
        parts.pop()
    package = ".".join(parts)
    if name.startswith("_") or not package:
        return None
    try:
        held = importlib.import_module(package)
    except ImportError:  # the notebook's environment has it, and not this one
        return package
    return package if hasattr(held, name) else None
