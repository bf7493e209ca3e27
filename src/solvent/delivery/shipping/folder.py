"""A model as a folder that runs by itself: ``pip install -r requirements.txt``, then one command."""

from __future__ import annotations

import json
from typing import Any

from solvent.delivery.contents.wording import COLUMNS, plain_text, table_of, word_column
from solvent.delivery.shipping.parcel import Parcel, base_files, from_elsewhere

__all__ = ["allowance", "example_of", "folder_files"]

_SERVE = '''"""Serves the model in this folder; --help says how."""

import sys
from pathlib import Path

from solvent.delivery.standalone import main

sys.exit(main([str(Path(__file__).resolve().parent / "bundle"), *sys.argv[1:]]))
'''


def folder_files(parcel: Parcel) -> dict[str, bytes]:
    """The files of the folder, by name; the same for the same parcel."""
    files = base_files(parcel)
    files["serve.py"] = _SERVE.encode()
    files["example.json"] = json.dumps(example_of(parcel), indent=1, ensure_ascii=False).encode() + b"\n"
    files["README.md"] = _readme(parcel).encode()
    return files


def example_of(parcel: Parcel) -> dict[str, Any]:
    """A request that surely has an answer: the first golden row."""
    return dict(parcel.bundle.golden[0]["row"])


def allowance(parcel: Parcel) -> list[str]:
    """The words of the command line that let this very bundle be opened."""
    return ["--trust", "keys.pub"] if parcel.signatures else ["--allow-unsigned", parcel.bundle.digest]


def _readme(parcel: Parcel) -> str:
    name = f"{plain_text(parcel.model)} {parcel.version}"
    command = " ".join(["python serve.py", *allowance(parcel)])
    if parcel.signatures:
        keys = ", ".join(one.key for one in parcel.signatures)
        said = (
            f"It is signed by the key {keys}. `keys.pub` is a file with the public keys that you trust, which you got "
            "by another way than this folder: PEM, or one `ed25519:BASE64` a line."
        )
    else:
        said = (
            "It is not signed. A model is code: run it only if you know where this folder comes from. The digest in "
            "the command is that of the bundle as it was exported; another one is refused."
        )
    golden = parcel.bundle.golden[0]
    lines = [
        f"# {name}", "",
        "This folder serves the model by itself; it needs neither the project that made it nor an index that has "
        "Solvent.", "",
        f"It was packed with Python {plain_text(parcel.bundle.manifest['python'])}; use that version. In this folder:",
        "", "```sh", "python3 -m venv .venv && . .venv/bin/activate", "pip install -r requirements.txt", command,
        "```", "", said, "",
        "Before it listens it answers the golden rows of the bundle, and it does not serve if one answer is another "
        "than when it was packed. `--check` does only that. `--host 0.0.0.0` needs a `--token`, or `SOLVENT_TOKEN` in "
        "the environment; `--help` says more.", "",
        "## An example", "", "```sh",
        "curl -H 'Content-Type: application/json' -d @example.json http://127.0.0.1:8080/predict", "```", "",
        f"answers {plain_text(json.dumps(golden['prediction'], ensure_ascii=False))}.", "",
        "## What a request brings", "",
        *table_of(COLUMNS, map(word_column, parcel.bundle.manifest["columns"])),
        "", "[CARD.md](CARD.md) says how good it is, on what it was trained, and what not to expect.", "",
    ]  # fmt: skip
    odd = from_elsewhere(parcel.bundle)
    if odd:
        lines += [f"Not from an index, so bring these along yourself: {', '.join(odd)}.", ""]
    return "\n".join(lines)
