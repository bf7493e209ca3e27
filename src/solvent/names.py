"""The one grammar of names: of steps, pipelines, outputs, inputs, models, datasets, aliases, tags, and objects."""

from __future__ import annotations

import re
import sys
import unicodedata
from typing import Any

__all__ = ["LONGEST", "check_name", "is_name", "reference_of"]

LONGEST = 100
_VERSIONS = {"a dataset": r"latest|v[0-9]+", "an alias": r"v[0-9]+"}  # what means a version already


def is_name(text: object) -> bool:
    """Whether ``text`` is a letter or underscore, then letters, digits, ``_`` and ``-``; at most 100 characters."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
        return False
    return text.replace("-", "_").isidentifier() and text[0] != "-" and unicodedata.is_normalized("NFC", text)


def check_name(text: object, what: str) -> str:
    """Give ``text`` back if it is a name, else raise ``ValueError`` that says what a name may be."""
    if is_name(text):
        if what in _VERSIONS and re.fullmatch(_VERSIONS[what], str(text)):
            raise ValueError(f"{text!r} cannot name {what}: it already means a version. Choose a word of your own")
        return str(text)
    raise ValueError(
        f"{text!r} cannot name {what}: a name starts with a letter or '_', goes on with letters, digits, '_' and '-', "
        f"and has at most {LONGEST} characters"
    )


def reference_of(thing: Any) -> str:
    """``module:name`` of a function, class or step; a module for the inside of a package gives way to the package.

    (``pathlib.Path`` lies in ``pathlib._local`` in Python 3.13, and in ``pathlib`` in others.)
    """
    module, name = str(thing.__module__), str(thing.__qualname__)
    public = module.partition("._")[0]
    if public != module and getattr(sys.modules.get(public), name, None) is thing:
        module = public
    return f"{module}:{name}"
