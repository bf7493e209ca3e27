"""Formats: how values become bytes and come back, by the type that is asked for, without pickle."""

from __future__ import annotations

from typing import Any

from solvent.archive.formats.arrays import ArrayFormat, SparseFormat, TensorFormat
from solvent.archive.formats.base import Document, Format, Sink, Source, Written
from solvent.archive.formats.boosters import LightGBMFormat, XGBoostFormat
from solvent.archive.formats.estimators import EstimatorFormat
from solvent.archive.formats.files import CustomFormat, PathFormat
from solvent.archive.formats.onnx_graph import OnnxFormat
from solvent.archive.formats.pictures import Picture, PictureFormat
from solvent.archive.formats.plain import PlainFormat
from solvent.archive.formats.records import DataclassFormat, EnumFormat, NamedTupleFormat, PydanticFormat
from solvent.archive.formats.registry import Formats

__all__ = ["BUILTIN", "Document", "Format", "Formats", "Picture", "Sink", "Source", "Written"]

BUILTIN: tuple[Any, ...] = (
    PlainFormat(),
    EnumFormat(),
    CustomFormat(),
    PictureFormat(),
    DataclassFormat(),
    NamedTupleFormat(),
    PydanticFormat(),
    ArrayFormat(),
    SparseFormat(),
    PathFormat(),
    LightGBMFormat(),  # before scikit-learn's, whose classes these are too
    XGBoostFormat(),
    TensorFormat(),
    OnnxFormat(),
    EstimatorFormat(),
)
"""The formats that every project knows, in the order in which they are asked."""
