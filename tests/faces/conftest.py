"""A folder with a small pipeline, and the command line called in it."""

from __future__ import annotations

import sys
import textwrap

import pytest

from solvent.faces.cli import main

FLOW = '''
import sys

import solvent as sv

def helper(x):
    return x * 2

@sv.step
def numbers(start: int, *, count: int = 3) -> list[int]:
    """Count."""
    print("counting")
    print("loudly", file=sys.stderr)
    return list(range(start, start + count))

@sv.step
def total(rows: list[int], *, fail: bool = False) -> int:
    """Add up."""
    if fail:
        raise ValueError("told to [bold]fail[/bold] \\x1b[31m")
    sv.log(n=len(rows))
    return helper(sum(rows))

@sv.step
def check(row: int) -> int:
    """Refuse one of them."""
    if row == 6:
        raise ValueError("six")
    return row

@sv.step
def send(start: int, *, token: sv.Secret) -> int:
    """Uses a secret."""
    assert token.reveal() == "hunter2"
    return start

@sv.step
def gate(value: int) -> int:
    """Says no."""
    raise sv.errors.Rejected("only 3 of 4")

@sv.step
def slowly(start: int) -> int:
    """Writes now and then."""
    import time
    for number in range(8):
        print("tick", number)
        time.sleep(0.1)
    return start

@sv.pipeline
def sending(start: int) -> int:
    return send(start)

@sv.pipeline
def judged(start: int) -> int:
    return gate(start)

@sv.pipeline
def slow(start: int) -> int:
    return slowly(start)

@sv.pipeline
def flow(start: int) -> int:
    return total(numbers(start))

@sv.pipeline
def each(start: int) -> list[int]:
    return check.map(numbers(start))
'''
SETTINGS = """
pipeline: flowcli:flow
inputs:
  start: {value: 4}
steps:
  numbers: {count: 5}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with a pipeline and its settings."""
    (tmp_path / "flowcli.py").write_text(FLOW)
    (tmp_path / "flow.yaml").write_text(textwrap.dedent(SETTINGS))
    (tmp_path / "each.yaml").write_text(textwrap.dedent(SETTINGS).replace(":flow", ":each"))
    for name in ("judged", "slow"):
        (tmp_path / f"{name}.yaml").write_text(f"pipeline: flowcli:{name}\ninputs: {{start: {{value: 4}}}}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield tmp_path
    sys.modules.pop("flowcli", None)


@pytest.fixture
def solvent(shop, monkeypatch, capsys):
    """Call the command; gives exit code, what it printed, and what it complained of."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["solvent", *words])
        code = 0
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call
