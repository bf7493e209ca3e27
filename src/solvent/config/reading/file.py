"""A settings file is found, decoded and read by what its name ends with."""

from __future__ import annotations

from pathlib import Path

from solvent.config.leaf import Branch, Origin
from solvent.errors import Problem, did_you_mean

__all__ = ["ENDINGS", "decode", "read_file"]

ENDINGS = (".yaml", ".yml", ".toml")
LARGEST = 10_000_000


def read_file(path: Path, shown: str, problems: list[Problem]) -> Branch:
    """The tree of a settings file; ``shown`` is how its origins name it. What could not be read is empty."""
    empty = Branch({}, Origin(shown))
    text = decode(path, shown, problems)
    if text is None:
        return empty
    ending = path.suffix.lower()
    if ending == ".toml":
        from solvent.config.reading.toml_text import read_toml

        return read_toml(text, shown, problems)
    if ending in ENDINGS:
        from solvent.config.reading.yaml_text import read_yaml

        return read_yaml(text, shown, problems)
    problems.append(Problem(shown, f"settings are written in files that end in {', '.join(ENDINGS)}"))
    return empty


def decode(path: Path, shown: str, problems: list[Problem]) -> str | None:
    """The text of a file in UTF-8, or None and a problem that says why not."""
    try:
        if path.is_dir():
            problems.append(Problem(shown, "this is a folder, not a settings file"))
            return None
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        siblings = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        problems.append(Problem(shown, f"there is no such file.{did_you_mean(path.name, siblings)}"))
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.append(Problem(shown, f"the file cannot be read: {reason}"))
        return None
    if len(data) > LARGEST:
        problems.append(Problem(shown, f"the file is larger than {LARGEST // 1_000_000} MB; settings never are"))
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.append(Problem(shown, "the file is in UTF-16; save it as UTF-8"))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        problems.append(Problem(f"{shown}:{line}", f"the byte 0x{byte:02x} is not UTF-8; save the file as UTF-8"))
        return None
