"""Notebooks of every form are read into the same cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solvent.errors import InputError, NotFound
from solvent.notebook.reading.commands import make_plain
from solvent.notebook.reading.files import read_notebook

MARIMO = """
import marimo

app = marimo.App()


@app.cell
def _(mo, total):
    mo.md("# Title")
    return


@app.cell
def _(numbers):
    total = sum(numbers)
    return (total,)


@app.cell
def _():
    numbers = [1, 2]
    return (numbers,)
"""


def save(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_version_4_keeps_counts_outputs_and_what_the_kernel_was(written):
    """Cells, counts, outputs, and the version of Python come from the file."""
    output = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    path = written({"source": "print(1)", "execution_count": 7, "outputs": [output]}, language_info={
        "name": "python", "version": "3.9.7"})  # fmt: skip
    notebook = read_notebook(path)
    (cell,) = notebook.code
    assert (cell.number, cell.count, cell.source) == (1, 7, "print(1)")
    assert cell.outputs[0]["text"] == "1\n"
    assert notebook.python == "3.9.7"


def test_version_3_is_read_as_version_4_is(tmp_path):
    """Worksheets, `input` and `pyout` of version 3 become cells with source and outputs."""
    cells = [
        {"cell_type": "heading", "level": 1, "source": "Title", "metadata": {}},
        {"cell_type": "code", "input": "1 + 1", "prompt_number": 3, "language": "python", "collapsed": False,
         "metadata": {}, "outputs": [{"output_type": "pyout", "prompt_number": 3, "text": "2", "metadata": {}}]},
    ]  # fmt: skip
    held = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    notebook = read_notebook(save(tmp_path, "old.ipynb", json.dumps(held)))
    assert [(one.kind, one.source) for one in notebook.cells] == [("markdown", "# Title"), ("code", "1 + 1")]
    assert notebook.code[0].count == 3
    assert notebook.code[0].outputs[0]["data"]["text/plain"] == "2"


def test_percent_files_have_cells_text_and_hidden_commands(tmp_path):
    """Marks part cells, text cells lose their signs, commands that jupytext hid come back, lines are the file's."""
    text = "# ---\n# jupyter: {}\n# ---\n# %% [markdown]\n# # Title\n# %%\n# %matplotlib inline\nx = 1\n\n# %%\ny = x\n"
    notebook = read_notebook(save(tmp_path, "one.py", text))
    assert [(one.kind, one.source, one.line) for one in notebook.cells] == [
        ("markdown", "# Title", 5), ("code", "%matplotlib inline\nx = 1", 7), ("code", "y = x", 11),
    ]  # fmt: skip
    assert notebook.form == "percent"


def test_marimo_cells_come_in_the_order_of_what_they_need(tmp_path):
    """A cell stands below the one that makes what it takes; texts are texts."""
    notebook = read_notebook(save(tmp_path, "one.py", MARIMO))
    assert [(one.kind, one.source) for one in notebook.cells] == [
        ("code", "numbers = [1, 2]"), ("code", "total = sum(numbers)"), ("markdown", "# Title"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.ipynb", "{", "no notebook that can be read"),
        ("a.ipynb", '{"a": 1}', "no notebook that can be read"),
        ("a.ipynb", "[1, 2]", "no notebook that can be read"),
        ("a.ipynb", "", "no notebook that can be read"),
        ("a.py", "x = 1\n", "has no cells"),
        ("a.txt", "x = 1\n", "notebooks are .ipynb files"),
        ("a.ipynb", json.dumps({"nbformat": 4, "nbformat_minor": 2, "cells": [], "metadata": {
            "kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}}), "its language is 'r'"),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_refused_in_one_sentence(tmp_path, name, text, said):
    """Bad JSON, other JSON, other languages and files without cells each get a message."""
    with pytest.raises(InputError, match=said):
        read_notebook(save(tmp_path, name, text))


def test_a_file_that_is_not_there_and_bytes_that_are_no_text(tmp_path):
    """Both are told apart."""
    with pytest.raises(NotFound):
        read_notebook(tmp_path / "none.ipynb")
    (tmp_path / "a.ipynb").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_notebook(tmp_path / "a.ipynb")


def test_a_notebook_without_a_kernelspec_is_python(tmp_path):
    """Missing metadata is no reason to refuse."""
    held = {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [
        {"cell_type": "code", "source": ["größe = 1\n", "größe"], "metadata": {}, "outputs": [],
         "execution_count": None}]}  # fmt: skip
    assert read_notebook(save(tmp_path, "a.ipynb", json.dumps(held))).code[0].source == "größe = 1\ngröße"


@pytest.mark.parametrize(
    ("source", "plain", "kinds"),
    [
        ("%matplotlib inline\nx = 1", "# %matplotlib inline\nx = 1", ["display"]),
        ("%%time\nx = 1", "# %%time\nx = 1", ["timing"]),
        ("%time x = f()", "x = f()", ["timing"]),
        ("!pip install -q a b==2", "# !pip install -q a b==2", ["install"]),
        ("%pip install a", "# %pip install a", ["install"]),
        ("!wget x", "# !wget x", ["shell"]),
        ("files = !ls", "files = []", ["shell"]),
        ("%%bash\nls", "# %%bash\n# ls", ["shell"]),
        ("%run other.py", "# %run other.py", ["script"]),
        ("x?", "# x?", ["help"]),
        ("x = 1;", "x = 1;", []),
        ("  x = 1", "x = 1", []),
        ("await f()", "await f()", []),
        ("x = 1 % 2", "x = 1 % 2", []),
        ("", "", []),
    ],
)
def test_commands_become_python_and_are_told_apart(source, plain, kinds):
    """Lines keep their places, and each command has its kind."""
    made = make_plain(source)
    assert made.error is None
    assert made.source == plain
    assert [one.kind for one in made.commands] == kinds


def test_packages_are_declared_and_faults_have_lines():
    """Installed packages have their versions; what is no Python says where."""
    assert make_plain("!pip install -q a 'b>=2' && pip install c").commands[0].packages == ("a", "b>=2", "c")
    assert make_plain("x = 1\ny = (").error is not None
    assert make_plain("x = 1\ny = = 2").error[1] == 2  # type: ignore[index]
