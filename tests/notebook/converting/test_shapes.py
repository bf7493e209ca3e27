"""Shapes of code that notebooks have and pipelines must not trip over, each in a small notebook of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solvent.notebook.converting.conversion import Conversion
from solvent.notebook.converting.converting import convert

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.slow  # each notebook is run in a kernel, and its pipeline in a process of its own


def converted(folder: Path, *cells: str) -> Conversion:
    """The conversion of a notebook with these cells."""
    source = folder / "work" / "study.ipynb"
    source.parent.mkdir(exist_ok=True)
    made = [
        {"cell_type": "code", "metadata": {}, "source": one, "outputs": [], "execution_count": None} for one in cells
    ]
    source.write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    return convert(source, folder / "out", types=False)  # the type checker is asked where all of a project is looked at


def verdicts(made: Conversion) -> dict[str, str]:
    """What the proof says of each value."""
    assert made.proof is not None, made.reason
    assert made.proof.ran, made.proof.error
    return {name: one.verdict for name, one in made.proof.values.items()}


def test_files_that_are_written_and_read_again_go_from_step_to_step(tmp_path: Path) -> None:
    """The file is an output of the step that writes it and an input of the one that reads it; both are reused."""
    made = converted(
        tmp_path,
        "import json\nfrom pathlib import Path\nrows = [1, 2, 3]\nPath('kept').mkdir(exist_ok=True)",
        "with open('kept/rows.json', 'w') as f:\n    json.dump(rows + [4], f)",
        "total = sum(json.load(open('kept/rows.json')))",
    )
    assert verdicts(made) == {"total": "equal"}
    assert made.proof is not None
    assert made.proof.again == ()
    text = (tmp_path / "out" / "study" / "steps.py").read_text(encoding="utf-8")
    assert "rows_json: Path" in text
    assert 'Path("kept/rows.json")' in text


def test_what_no_format_keeps_stays_inside_of_a_step(tmp_path: Path) -> None:
    """Generators, groups and instances of the notebook's classes are not handed on, and the rest is proven."""
    made = converted(
        tmp_path,
        "class Counter:\n    def __init__(self):\n        self.n = 0\n    def step(self):\n        self.n += 1\n"
        "        return self.n",
        "counter = Counter()\nseen = (n * n for n in range(4))",
        "first = counter.step()\nlow = next(seen)",
        "second = counter.step()\nrest = list(seen)",
    )
    said = verdicts(made)
    assert said == dict.fromkeys(("counter", "first", "second", "low", "rest"), "equal")
    assert made.proof is not None
    assert made.proof.values["counter"].why == "inside of the step: no format keeps a __main__.Counter"


def test_values_that_no_format_keeps_are_compared_where_they_are_made(tmp_path: Path) -> None:
    """Generators of numbers, polynomials and groups are not handed on, and what they are at the end is proven."""
    pytest.importorskip("pandas")
    made = converted(
        tmp_path,
        "import numpy as np\nimport pandas as pd\nrng = np.random.default_rng(3)",
        "rows = pd.DataFrame({'a': ['x', 'y', 'x'], 'b': rng.normal(size=3)})",
        "trend = np.poly1d(np.polyfit([1, 2, 3], rows['b'], 1))",
        "groups = rows.groupby('a')",
        "means = groups['b'].mean()\nshift = float(trend(4)) + rng.normal()",
    )
    assert verdicts(made) == dict.fromkeys(("rng", "rows", "trend", "groups", "means", "shift"), "equal")


def test_figures_that_a_name_stands_for_are_compared_by_what_they_show(tmp_path: Path) -> None:
    """The lines and words of a picture, and of an axis, as the view draws them."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport matplotlib.pyplot as plt\n%matplotlib inline",
        "values = np.arange(4.0) ** 2",
        "fig, ax = plt.subplots()\nax.plot(values)\nax.set_title('squares')\nplt.show()",
    )
    assert verdicts(made) == {"values": "equal", "fig": "equal", "ax": "equal"}
    assert "| `fig` | `view_cell_3` | equal |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_functions_that_set_globals_and_names_of_pythons_own(tmp_path: Path) -> None:
    """``global`` becomes the step's own name, and ``list = …`` hides Python's from there on."""
    made = converted(
        tmp_path,
        "total = 0\nlist = [3, 4]",
        "def add(n):\n    global total\n    total = total + n * list[0]\n    return total",
        "values = [add(n) for n in range(3)]",
        "last = total + list[1]",
    )
    assert verdicts(made) == {"total": "equal", "values": "equal", "last": "equal"}


def test_cells_that_wait_and_cells_whose_output_is_captured(tmp_path: Path) -> None:
    """A top-level ``await`` and ``%%capture`` are plain Python in a step."""
    made = converted(
        tmp_path,
        "import asyncio\nasync def double(n):\n    await asyncio.sleep(0)\n    return 2 * n",
        "twice = await double(4)",
        "%%capture said\nprint('loss 0.5')\nsteps = twice + 1",
        "loss = float(said.stdout.split()[1])",
    )
    assert verdicts(made) == {"twice": "equal", "steps": "equal", "loss": "equal"}


def test_tables_with_columns_that_have_no_names(tmp_path: Path) -> None:
    """Columns that are numbers get names where the table is a last value; inside of a step they are as they were."""
    pytest.importorskip("pandas")
    made = converted(
        tmp_path,
        "import pandas as pd\nwide = pd.DataFrame([[1, 2], [3, 4]])",
        "wide[2] = wide[0] + wide[1]\ntotal = int(wide[2].sum())",
        "both = {key: rows for key, rows in wide.rename(columns=str).groupby('0')}",
    )
    assert verdicts(made) == {"wide": "equal", "total": "equal", "both": "equal"}


def test_names_that_come_from_a_text_are_told(tmp_path: Path) -> None:
    """``exec`` that makes names cannot become a function: the cell is named."""
    made = converted(tmp_path, "a = 1", "exec('b = a + 1')", "c = b + 1")
    assert made.proof is None
    assert made.reason.startswith("cell 2, line 1: exec makes b")


def test_what_a_loop_goes_through_and_what_is_thrown_away_is_no_result(tmp_path: Path) -> None:
    """Names of loops, of ``with`` and underscores are handed on by no step."""
    made = converted(
        tmp_path,
        "values = {'a': 1, 'b': 2}\nfor name in values:\n    print(name)",
        "first, *_ = sorted(values)\n_hidden = len(values)",
        "for key in values:\n    values[key] += 1",
    )
    assert verdicts(made) == {"values": "equal", "first": "equal", "_hidden": "equal"}


def test_tables_whose_cells_hold_mappings(tmp_path: Path) -> None:
    """Cells that are mappings or lists become text where the table is a last value, and are compared as such."""
    pytest.importorskip("pandas")
    made = converted(
        tmp_path,
        "import pandas as pd\ntried = [{'model': 'svm', 'best': {'C': 1}, 'runs': [1, 2]}]",
        "scores = pd.DataFrame(tried, columns=['model', 'best', 'runs'])",
    )
    assert verdicts(made) in ({"scores": "equal"}, {"scores": "close"})  # pandas 3 calls text by another type


def test_names_that_get_values_of_another_class(tmp_path: Path) -> None:
    """A step is given what the name held before, and hands on what it holds afterwards."""
    made = converted(
        tmp_path,
        "import csv\nvalue = '3'\nvalue = value * 2",
        "with open('kept.txt', 'w') as file:\n    file.write(value)",
        "with open('kept.txt') as file:\n    value = [int(value), int(file.read())]",
    )
    assert verdicts(made) == {"value": "equal"}
