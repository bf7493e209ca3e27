"""Provenance: what the registry and the lineage tell of a version, beside what its bundle holds."""
