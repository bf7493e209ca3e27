"""The live tree of a run on a terminal."""

from __future__ import annotations

import os
import re
import sys

import pytest

from solvent.engine.events import LogLine, RunEnded, RunStarted, StepEnded, StepStarted
from solvent.faces.cli.doing.live import LiveTree, Unfinished


class Ended:
    """As much of a run as the last line asks for."""

    id = "flow-1"
    reused = False
    steps = ()


def on_terminal(monkeypatch, capsys, events, height=40, width=100):
    """What stands on a terminal of this size at the end."""
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", str(width)), ("LINES", str(height)), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    with LiveTree() as tree:
        for event in events:
            tree(event)
        tree._live.refresh()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().out)


def test_steps_stand_under_their_pipelines_with_their_figures(monkeypatch, capsys):
    """Nested steps are indented under a line for their pipeline; each shows rows, time and memory."""
    paths = ("inputs/rows", "prep/clean", "prep/deep/scale", "train")
    shown = on_terminal(monkeypatch, capsys, [
        RunStarted("flow-1", "flow", paths),
        StepEnded("inputs/rows", "", "reused", rows=10),
        StepEnded("prep/clean", "", "ran", 0.25, 88.0, 1200),
        StepEnded("prep/deep/scale", "", "failed", 0.5, error="ValueError: [bold]no[/bold]\n\x1b[31mmore"),
        StepStarted("train", ""),
        RunEnded("failed", 1.5, Ended()),
    ])  # fmt: skip
    lines = [line.rstrip() for line in shown[shown.rindex("  inputs") :].splitlines()]
    assert lines[0] == "  inputs"
    assert re.fullmatch(r"  = rows +reused +10 rows", lines[1])
    assert lines[2] == "  prep"
    assert re.fullmatch(r"  ✓ clean +ran +1,200 rows +250 ms +88 MB", lines[3])
    assert lines[4] == "    deep"
    assert re.fullmatch(r"    ✗ scale +failed +500 ms +ValueError: \[bold\]no\[/bold\]", lines[5])
    assert lines[-1] == "flow-1: failed in 1.5 s"


def test_items_are_counted_and_only_failed_ones_listed(monkeypatch, capsys):
    """A map of a thousand items is one line, with a line more for the one that failed."""
    events = [RunStarted("flow-1", "flow", ("score",)), StepStarted("score", "0")]
    events += [StepEnded("score", str(number), "ran") for number in range(999)]
    events += [StepEnded("score", "bad", "failed", error="ValueError"), StepEnded("score", "", "failed")]
    shown = on_terminal(monkeypatch, capsys, [*events, RunEnded("failed", 1.0, Ended())])
    last = shown[shown.rindex("✗ score") :].splitlines()
    assert "1000 items" in last[0]
    assert re.search(r"✗ \[bad\] +failed", last[1])
    assert len(last) == 3


def test_more_steps_than_lines_show_those_around_the_running_one(monkeypatch, capsys):
    """A plan longer than the terminal shows a window while it goes on, and all of it at the end."""
    paths = tuple(f"s{number:02d}" for number in range(50))
    done = [StepEnded(path, "", "ran") for path in paths[:30]]
    seen = []
    tree = LiveTree()
    for event in (RunStarted("flow-1", "flow", paths), *done, StepStarted("s30", "")):
        tree._take(event)
    tree._console.size = (80, 12)
    seen = [name for _, name, _ in tree._window()]
    assert len(seen) == 10 and "s30" in seen and "s29" in seen and "s31" in seen
    tree._over.set()
    assert len(tree._window()) == 50


def test_what_steps_write_comes_line_by_line():
    """Unfinished lines wait for their end; a carriage return writes over; streams do not mix."""
    text = Unfinished()
    assert text.add("stdout", "half") == []
    assert text.add("stderr", "10%\r20%") == []
    assert text.add("stdout", " done\nnext") == ["half done"]
    assert text.add("stderr", "\r30%\n") == ["30%"]
    assert text.add("stdout", "\r\n") == ["next"]
    assert text.add("stdout", "rest") == [] and text.rest() == ["rest"] and text.rest() == []


def test_what_steps_write_cannot_change_the_terminal(monkeypatch, capsys):
    """Control characters and markup in a step's own prints are shown as they are."""
    events = [RunStarted("flow-1", "flow", ("a",)), LogLine("a", "", "stdout", "\x1b[2J[red]x :smile:\n")]
    assert "\\x1b[2J[red]x :smile:" in on_terminal(monkeypatch, capsys, [*events, RunEnded("failed", 1.0, Ended())])


pty = pytest.importorskip("pty")


def run_on_terminal(folder, *words):
    """Call the command in a folder on a terminal of its own; gives exit status and what it showed."""
    pid, handle = pty.fork()
    if pid == 0:
        os.environ.pop("CI", None)
        os.environ["TERM"] = "xterm"
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-m", "solvent", *words])
    shown = b""
    while True:
        try:
            part = os.read(handle, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(handle)
    return os.waitpid(pid, 0)[1], re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())


def test_a_terminal_gets_the_live_tree(shop):
    """On a terminal the steps are drawn as they go, and the run ends with its own line."""
    status, text = run_on_terminal(shop, "run", "flow.yaml")
    assert status == 0, text
    assert "✓ numbers" in text and "counting" in text and "flow-1: succeeded" in text
    status, text = run_on_terminal(shop, "run", "flow.yaml")
    assert status == 0 and "= numbers" in text and "flow-2: all reused" in text


def test_drawing_is_none_of_the_steps_doing(shop, solvent):
    """What the terminal's library reads (variables, sizes) is not noted as something that the step read."""
    status, text = run_on_terminal(shop, "run", "flow.yaml")
    assert status == 0
    assert "env:" not in text
    assert "undeclared" not in solvent("show", "numbers")[1]
    assert "notes" in solvent("show", "numbers", "--json")[1]
    assert '"notes": {}' in solvent("show", "numbers", "--json")[1]
