"""Notebooks converted: of a folder of them, which run, which become pipelines, and what is proven of those.

    python bench/notebooks.py FOLDER [--python INTERPRETER] [--keep FOLDER] [--seconds N] [--only PART] [--types]

Each notebook is a process of its own. With ``--types`` ruff and mypy --strict look at each project
as it was written.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

CACHE = Path(tempfile.gettempdir()) / "solvent-bench-mypy"  # of the packages, which all projects share
BARS = {"pipelines that run, of the notebooks that run": 0.85, "every value equal or close, of those that run": 0.80}


def main() -> None:
    """Convert every notebook, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", action="append", help="may be given several times: the first counts that runs it")
    parser.add_argument("--keep", type=Path, help="where the projects stay; otherwise they are thrown away")
    parser.add_argument("--seconds", type=float, default=900)
    parser.add_argument("--only", default="", help="part of the path of the notebooks that are meant")
    parser.add_argument("--types", action="store_true")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print("\n" + json.dumps(convert_one(asked.folder, asked.keep, asked.python, asked.types)))
        return
    told = []
    print(f"{'notebook':60s} {'cells':>5s} {'s':>5s} ran conv  run steps  eq cl di nc again ruff mypy", flush=True)
    for path in sorted(asked.folder.rglob("*.ipynb")):
        if asked.only in str(path) and not any(part.startswith(".") for part in path.parts):
            told.append(_line(path, asked))
    _sums(told)


def _line(path: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """One notebook in a process of its own, and its line of the table."""
    name = str(path.relative_to(asked.folder))
    with tempfile.TemporaryDirectory() as place:
        out = (asked.keep or Path(place)) / "".join(one if one.isalnum() else "_" for one in name)
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, __file__, str(path), "--one", "--keep", str(out)]
        command += [part for one in asked.python or [sys.executable] for part in ("--python", one)]
        begun = time.perf_counter()
        try:
            done = subprocess.run(
                [*command, *(["--types"] if asked.types else [])],
                capture_output=True,
                timeout=asked.seconds,
                check=False,
            )
            told: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
        except subprocess.TimeoutExpired:
            told = {"said": f"not done within {asked.seconds:g} s", "slow": True}
        except (ValueError, IndexError):
            told = {"said": done.stderr.decode()[-300:], "ours": True}
    seconds = time.perf_counter() - begun
    values = told.get("values", {})
    figures = " ".join(f"{values.get(one, 0):2d}" for one in ("equal", "close", "different", "not compared"))
    signs = [_sign(told.get(one)) for one in ("ran", "converted", "runs")]
    print(
        f"{name[-60:]:60s} {told.get('cells', 0):5d} {seconds:5.0f} {signs[0]:>3s} {signs[1]:>4s} {signs[2]:>4s} "
        f"{told.get('steps', 0):5d}  {figures} {told.get('again', 0):5d} {_sign(told.get('ruff')):>4s} "
        f"{_sign(told.get('mypy')):>4s}  {'TRACEBACK ' if told.get('ours') else ''}{told.get('said', '')[:300]}",
        flush=True,
    )
    return told


def _sign(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "NO"


def convert_one(path: Path, out: Path, pythons: list[str], types: bool) -> dict[str, Any]:
    """What became of one notebook, as plain data, with the first interpreter that runs it."""
    told: dict[str, Any] = {}
    for number, python in enumerate(pythons, 1):
        shutil.rmtree(out, ignore_errors=True)
        told = {**_convert(path, out, python, types), "python": number}
        if told.get("ran"):
            break
    return told


def _convert(path: Path, out: Path, python: str, types: bool) -> dict[str, Any]:
    from solvent.errors import SolventError
    from solvent.notebook.converting.converting import convert
    from solvent.notebook.observing.kernel import Running

    try:
        made = convert(path, out, Running(path.parent, python), types=types)
    except SolventError as error:
        return {"ran": None, "said": str(error)}
    except Exception:
        return {"said": traceback.format_exc()[-600:].replace("\n", " | "), "ours": True}
    ran = made.watched.failed is None
    told: dict[str, Any] = {"cells": len(made.notebook.code), "ran": ran, "said": made.reason}
    if made.proof is None:
        return told if not ran else {**told, "converted": False}
    told |= {
        "converted": True, "runs": made.proof.ran, "steps": len(made.drafts), "again": len(made.proof.again),
        "values": Counter(one.verdict for one in made.proof.values.values()), "proven": made.proof.proven,
        "reasons": [one.reason for one in made.drafts if one.reason],
    }  # fmt: skip
    odd = [f"{name}: {one.why}" for name, one in made.proof.values.items() if one.verdict not in ("equal", "close")]
    told["said"] = made.proof.error or "; ".join(odd) or (f"again: {made.proof.again}" if made.proof.again else "")
    if types:
        told["ruff"], said = _clean(["ruff", "check", "--quiet", "."], out)
        told["said"] += said
        told["mypy"], said = _clean(["mypy", "--strict", "--cache-dir", str(CACHE), "."], out)
        told["said"] += said
    return told


def _clean(command: list[str], folder: Path) -> tuple[bool, str]:
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0, "" if done.returncode == 0 else f" {command[0]}: {done.stdout[:300]}".replace(
        "\n", " | "
    )


def _sums(told: list[dict[str, Any]]) -> None:
    """What came out of all of them, beside the bars."""
    ran = [one for one in told if one.get("ran")]
    runs = [one for one in ran if one.get("runs")]
    proven = [one for one in runs if one.get("proven")]
    values: Counter[str] = Counter()
    for one in runs:
        values.update(one["values"])
    print(
        f"\n{len(told)} notebooks, {len(ran)} run from the top, {sum(bool(one.get('ours')) for one in told)} tracebacks"
    )
    for (what, bar), count in zip(BARS.items(), (len(runs), len(proven)), strict=True):
        print(f"{what}: {count} of {len(ran)} = {count / max(1, len(ran)):.0%} (bar {bar:.0%})")
    print(f"values: {dict(values)}")
    for tool in ("ruff", "mypy"):
        looked = [one for one in runs if tool in one]
        if looked:
            print(f"{tool}: {sum(one[tool] for one in looked)} of {len(looked)} clean")
    print(f"reused in the second run: {sum(not one['again'] for one in runs)} of {len(runs)}")


if __name__ == "__main__":
    main()
