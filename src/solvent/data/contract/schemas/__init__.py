"""Schemas that annotations carry: a contract of ours, or a model of pandera, which is never imported for it."""

from __future__ import annotations

from solvent.data.contract.schemas.finding import bare_annotation, schema_of
from solvent.data.contract.schemas.validating import check_schema

__all__ = ["bare_annotation", "check_schema", "schema_of"]
