"""Where the names come from: the rows are a step, and all else stands in emoji.yaml."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import polars as pl

import solvent as sv

_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")


@sv.step
def emoji_names(*, languages: list[str] = sv.required) -> pl.DataFrame:
    """The name of each emoji in several languages (Unicode), from the files of the package emoji."""
    package = find_spec("emoji")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the names lie in the package emoji: pip install emoji==2.16.0")
    folder = Path(package.origin).parent / "unicode_codes"
    known = json.loads((folder / "emoji.json").read_text(encoding="utf-8"))
    rows = []
    for language in languages:
        if language == "en":
            names = {sign: said["en"] for sign, said in known.items()}
        else:
            names = json.loads((folder / f"emoji_{language}.json").read_text(encoding="utf-8"))
        for sign, name in names.items():
            if known.get(sign, {}).get("status") == 2 and not _TONE.search(sign):
                rows.append({"emoji": sign, "language": language, "text": name.strip(":").replace("_", " ")})
    return pl.DataFrame(rows)
