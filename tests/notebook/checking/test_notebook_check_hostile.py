"""Notebooks that cannot be run to their end get a message, and leave no kernel behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from solvent.errors import NotFound, UsageError
from solvent.notebook.checking.checking import Checking, check
from solvent.notebook.observing import kernel as kernels
from solvent.notebook.observing.kernel import Running, open_kernel

HOME = "/" + "home"  # paths of a machine stand in no file of this project


def faults(report):
    return [(one.kind, one.cell, one.line) for one in report.faults]


@pytest.mark.slow
def test_an_endless_loop_ends_with_the_time_even_where_it_catches_interrupts(written):
    """The cell and the line are told, cells below are not blamed, and it is not run a second time."""
    path = written(
        "x = 1", "y = 2\nwhile True:\n    try:\n        x += 1\n    except KeyboardInterrupt:\n        pass", "x"
    )
    report = check(path, Checking(cell_seconds=2))
    assert faults(report) == [("timeout", 2, 2)]
    assert "--timeout" in report.faults[0].remedy


@pytest.mark.slow
def test_a_kernel_that_dies_is_told(written):
    """The cell that ended the process is named."""
    report = check(written("import os\nx = 1", "os._exit(3)", "x"))
    assert [(one.kind, one.cell) for one in report.faults] == [("dead-kernel", 2)]


@pytest.mark.slow
def test_one_kernel_awaits_refuses_input_and_shows_only_so_much(tmp_path, monkeypatch):
    """Top-level await runs, nobody is asked, and a flood of output is cut off; the kernel ends with the block."""
    monkeypatch.setattr(kernels, "_MOST_OUTPUT", 200_000)
    with open_kernel(Running(tmp_path, cell_seconds=60)) as kernel:
        pid = kernel._client.km.provisioner.pid
        ran = kernel.run(1, "import asyncio\nawait asyncio.sleep(0)\nprint(1)", [["asyncio"], ["asyncio"], []])
        assert (ran.status, ran.outputs[0]["text"]) == ("ok", "1\n")
        ran = kernel.run(2, "x = 1\ninput()", [["x"], []])
        assert ran.error is not None and (ran.error[0], ran.error[2]) == ("StdinNotImplementedError", 2)
        ran = kernel.run(3, "while True:\n    print('x' * 1000)", [[]])
        assert ran.error is not None and ran.error[0] == "TooMuchOutput"
        assert sum(len(one.get("text", "")) for one in ran.outputs) <= 202_000
        assert kernel.run(4, "x", [["x"]]).status == "ok"
    assert not alive(pid)


def alive(pid: int) -> bool:
    for _ in range(50):
        try:
            os.kill(pid, 0)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return False
        except (ProcessLookupError, FileNotFoundError):
            return False
        time.sleep(0.1)
    return True


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks at processes by /proc")
def test_an_interrupt_ends_the_kernel(written, tmp_path):
    """Ctrl-C ends the command with 130, and its kernel too."""
    told = tmp_path / "pid"
    path = written(f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(100)")
    command = [sys.executable, "-m", "solvent", "notebook", "check", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(600):
            if told.exists() and told.read_text():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not alive(int(told.read_text()))


def test_what_is_no_notebook_is_a_fault_with_one_message(tmp_path):
    """JSON that is no notebook, and a notebook of another language, are told in a sentence."""
    (tmp_path / "a.ipynb").write_text('{"a": 1}', encoding="utf-8")
    assert [one.kind for one in check(tmp_path / "a.ipynb").faults] == ["unreadable"]
    held = {"nbformat": 4, "nbformat_minor": 2, "cells": [], "metadata": {"language_info": {"name": "julia"}}}
    (tmp_path / "b.ipynb").write_text(json.dumps(held), encoding="utf-8")
    assert "'julia'" in check(tmp_path / "b.ipynb").faults[0].text


def test_what_is_not_there_is_wrong_use(tmp_path, written):
    """A missing notebook and an interpreter that is none are errors with a way out."""
    with pytest.raises(NotFound):
        check(tmp_path / "none.ipynb")
    with pytest.raises(UsageError, match="no Python interpreter"):
        check(written("x = 1"), Checking(python="/no/such/python"))


@pytest.mark.slow
def test_a_large_notebook_is_read_without_being_run(written):
    """50 MB of saved output, and text that looks like nothing, are no fault, and do not stop anything."""
    flood = {"output_type": "stream", "name": "stdout", "text": ("row after row " * 1000 + "\n") * 3_500}
    assert check(written({"source": "x = 1", "outputs": [flood]}, "x"), Checking(run=False)).ok


def test_without_a_run_what_can_be_read_is_still_found(written):
    """Names, counts, paths and secrets need no kernel."""
    report = check(written("print(y)", "y = 1\nopen('" + HOME + "/ann/a.csv')", "z +"), Checking(run=False))
    assert {one.kind for one in report.faults} >= {"used-before", "path"}


def test_what_is_printed_into_a_widget_breaks_nothing(written):
    """An Output widget takes what the cell prints, as that of ipywidgets' interact does."""
    widget = """
from comm import create_comm

model = {"_model_module": "@jupyter-widgets/output", "_model_name": "OutputModel", "outputs": [], "msg_id": ""}
out = create_comm(target_name="jupyter.widget", data={"state": model, "buffer_paths": []})
cell = get_ipython().kernel.get_parent()["header"]["msg_id"]
for taken in (cell, ""):
    out.send({"method": "update", "state": {"msg_id": taken}, "buffer_paths": []})
    print("printed", flush=True)
"""
    report = check(written(widget, "print(taken)"))
    assert report.ran == 2 and report.ok
