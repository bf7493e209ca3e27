"""Sources become trees whose every leaf knows its line: YAML, TOML, Python dicts and ``--set``."""

from solvent.config.reading.code import read_mapping, read_set, read_value, split_path
from solvent.config.reading.file import read_file

__all__ = ["read_file", "read_mapping", "read_set", "read_value", "split_path"]
