"""Where the penguins come from: the rows are a step, and all else stands in penguins.yaml."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import polars as pl

import solvent as sv


@sv.step
def penguins() -> pl.DataFrame:
    """344 penguins of three species from three islands (Palmer Station, 2007 to 2009), from the package palmerpenguins.

    Two have no measures at all, and nine more no sex: they stay, since a request may lack them too.
    """
    package = find_spec("palmerpenguins")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the penguins lie in a package: pip install palmerpenguins==0.1.6")
    path = Path(package.origin).parent / "data" / "penguins.csv"
    return pl.read_csv(path.read_bytes(), null_values=["NA"], infer_schema_length=None)
