"""Values with named fields: dataclasses, named tuples, pydantic models; and enums."""

from __future__ import annotations

from solvent.archive.formats.records.dataclass import DataclassFormat
from solvent.archive.formats.records.enumeration import EnumFormat
from solvent.archive.formats.records.namedtuple import NamedTupleFormat
from solvent.archive.formats.records.pydantic_model import PydanticFormat

__all__ = ["DataclassFormat", "EnumFormat", "NamedTupleFormat", "PydanticFormat"]
