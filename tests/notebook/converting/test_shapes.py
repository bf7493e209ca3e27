"""Shapes of code that notebooks have and pipelines must not trip over, each in a small notebook of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from solvent.notebook.converting.conversion import Conversion
from solvent.notebook.converting.converting import convert

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.slow  # each notebook is run in a kernel, and its pipeline in a process of its own


def converted(folder: Path, *cells: str | tuple[str, str]) -> Conversion:
    """The conversion of a notebook with these cells; those that are no code say what they are."""
    source = folder / "work" / "study.ipynb"
    source.parent.mkdir(parents=True, exist_ok=True)
    made = [
        {"cell_type": "code", "metadata": {}, "source": one, "outputs": [], "execution_count": None}
        if isinstance(one, str)
        else {"cell_type": one[0], "metadata": {}, "source": one[1]}
        for one in cells
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


def test_figures_that_a_name_stands_for_are_compared_by_what_they_show(tmp_path: Path) -> None:
    """The lines and words of a picture, and of an axis, as the view draws them."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport matplotlib.pyplot as plt\n%matplotlib inline",
        "values = np.arange(4.0) ** 2",
        "fig, ax = plt.subplots()\nax.plot(values)\nax.set_title('squares')\nplt.show()",
        "lines = plt.plot(values * 2)\nmost = float(lines[0].get_ydata().max())",
    )
    assert verdicts(made) == dict.fromkeys(("values", "fig", "ax", "lines", "most"), "equal")
    assert "| `fig` | `view_cell_3` | equal |" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_a_view_of_what_no_format_keeps_makes_it_again(tmp_path: Path) -> None:
    """A polynomial through the points is made in the view too, of the points that the step hands on."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport matplotlib.pyplot as plt",
        "points = np.arange(5.0) ** 2",
        "trend = np.poly1d(np.polyfit(range(5), points, 2))",
        "plt.plot(points)\nplt.plot(trend(np.arange(5)))\nplt.show()",
    )
    assert verdicts(made) == {"points": "equal", "trend": "equal"}
    assert [one.name for one in made.views] == ["view_cell_4"]
    text = (tmp_path / "out" / "study" / "views.py").read_text(encoding="utf-8")
    assert "trend = np.poly1d" in text and "points: np.ndarray" in text


def test_a_view_that_gives_a_name_to_something_else_draws_what_the_notebook_drew(tmp_path: Path) -> None:
    """A name that a loop of the plot uses too is what the notebook had where it is drawn."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport matplotlib.pyplot as plt",
        "x = np.arange(4.0)",
        "fig, ax = plt.subplots()\nfor k in range(3):\n    y = k * x\n    ax.plot(x, y)\n"
        "y = x ** 2\nax.plot(x, y)\nplt.show()",
    )
    assert verdicts(made) == {"x": "equal", "y": "equal", "fig": "equal", "ax": "equal"}


def test_names_that_come_from_a_text_are_told(tmp_path: Path) -> None:
    """``exec`` that makes names cannot become a function: the cell is named."""
    made = converted(tmp_path, "a = 1", "exec('b = a + 1')", "c = b + 1")
    assert made.proof is None
    assert made.reason.startswith("cell 2, line 1: exec makes b")


def test_code_that_is_given_to_a_profiler_as_text_is_told(tmp_path: Path) -> None:
    """It sees no names of a function. What reads no names of the notebook is as good as any call."""
    lines = "import cProfile, timeit, random\ndef draw():\n    return random.random()"
    took = "took = timeit.timeit('len(str(5))', number=1) > 9"
    made = converted(tmp_path / "a", lines, took, "cProfile.run('draw()')", "c = draw()")
    assert made.reason.startswith("cell 3, line 1: cProfile.run carries out a text")
    assert verdicts(converted(tmp_path / "b", lines, took)) == {"took": "equal"}


def test_tables_whose_cells_hold_mappings(tmp_path: Path) -> None:
    """Cells that are mappings or lists become text where the table is a last value, and are compared as such."""
    pytest.importorskip("pandas")
    made = converted(
        tmp_path,
        "import pandas as pd\ntried = [{'model': 'svm', 'best': {'C': 1}, 'runs': [1, 2]}]",
        "scores = pd.DataFrame(tried, columns=['model', 'best', 'runs'])",
    )
    assert verdicts(made) in ({"scores": "equal"}, {"scores": "close"})  # pandas 3 calls text by another type


SHAPES: dict[str, tuple[list[str | tuple[str, str]], str]] = {
    "values that no format keeps are compared where they are made": (
        [
            "import numpy as np\nimport pandas as pd\nrng = np.random.default_rng(3)",
            "rows = pd.DataFrame({'a': ['x', 'y', 'x'], 'b': rng.normal(size=3)})",
            "trend = np.poly1d(np.polyfit([1, 2, 3], rows['b'], 1))",
            "groups = rows.groupby('a')",
            "means = groups['b'].mean()\nshift = float(trend(4)) + rng.normal()",
        ],
        "rng rows trend groups means shift",
    ),
    "global becomes the step's own name, and list hides Python's": (
        [
            "total = 0\nlist = [3, 4]",
            "def add(n):\n    global total\n    total = total + n * list[0]\n    return total",
            "values = [add(n) for n in range(3)]",
            "last = total + list[1]",
        ],
        "total values last",
    ),
    "await and captured output are plain Python": (
        [
            "import asyncio\nasync def double(n):\n    await asyncio.sleep(0)\n    return 2 * n",
            "twice = await double(4)",
            "%%capture said\nprint('loss 0.5')\nsteps = twice + 1",
            "loss = float(said.stdout.split()[1])",
        ],
        "twice steps loss",
    ),
    "columns that are numbers get names where the table is a last value": (
        [
            "import pandas as pd\nwide = pd.DataFrame([[1, 2], [3, 4]])",
            "wide[2] = wide[0] + wide[1]\ntotal = int(wide[2].sum())",
            "both = {key: rows for key, rows in wide.rename(columns=str).groupby('0')}",
        ],
        "wide total both",
    ),
    "what a loop goes through and underscores are no results": (
        [
            "values = {'a': 1, 'b': 2}\nfor name in values:\n    print(name)",
            "first, *_ = sorted(values)\n_hidden = len(values)",
            "for key in values:\n    values[key] += 1",
        ],
        "values first _hidden",
    ),
    "a name that gets a value of another class": (
        [
            "import csv\nvalue = '3'\nvalue = value * 2",
            "with open('kept.txt', 'w') as file:\n    file.write(value)",
            "with open('kept.txt') as file:\n    value = [int(value), int(file.read())]",
        ],
        "value",
    ),
    "stars, deleted names, names of other scripts, and a database": (
        [
            "from math import *\nimport sqlite3\ngröße = pi * 2",
            "passing = [größe]\nkept = passing[0] + 1\ndel passing",
            "connection = sqlite3.connect(':memory:')\nconnection.execute('create table t (n integer)')",
            "connection.executemany('insert into t values (?)', [(n,) for n in range(4)])",
            "数 = connection.execute('select sum(n) from t').fetchone()[0]\nconnection.close()\ndel connection",
        ],
        "größe kept 数",
    ),
    "headings that are called like what is imported": (
        [
            "from collections import OrderedDict\nfrom statistics import median_low",
            ("markdown", "## Ordered dict"),
            "words = OrderedDict(a=3, b=4)\nmost = OrderedDict(words, c=5)",
            ("markdown", "## Median low"),
            "low = median_low(most.values())",
            ("markdown", "## The end"),
            "lower = median_low([low, *words.values()])",
        ],
        "words most low lower",
    ),
    "draws that are overwritten, and move a generator on": (
        [
            "import random\nimport numpy as np\nrng = np.random.default_rng(7)\nold = np.random.RandomState(3)\n"
            "own = random.Random(5)",
            "a = rng.normal(size=3)\nb = old.rand(2)\nc = own.random()",
            ("markdown", "## Again"),
            "a = rng.normal(size=2)\nb = old.rand(2)\nc = own.random()",
        ],
        "rng old own a b c",
    ),
    "a view that is altered by way of its array": (
        [
            "import numpy as np\nrows = np.arange(9.0)\npart = rows[2:6]",
            ("markdown", "## Later"),
            "rows[3] = 2000",
            ("markdown", "## At last"),
            "part[0] = -1\ntotal = rows.sum()",
        ],
        "rows part total",
    ),
    "columns, expressions and plans of Polars": (
        [
            "import polars as pl\ndf = pl.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'x']})",
            ("markdown", "## Ask"),
            "high = pl.col('a') > 1\nplan = df.lazy().filter(high)\ncolumn = df['a'] * 2",
            ("markdown", "## Sum up"),
            "found = plan.collect()\ntotal = column.sum()\nrows = df.filter(high).height",
        ],
        "df plan column found total rows high",
    ),
    "a name that is bound anew only if nothing is raised": (
        [
            "rows = [1]\nboth = rows + [2]",
            ("markdown", "## Another try"),
            "try:\n    both = rows + None\nexcept TypeError as error:\n    print(error)",
        ],
        "both",
    ),
    "a function that is defined again": (
        [
            "rows = [3, 1, 2]\ngroups = (row for row in rows)",
            "def best(k):\n    return sorted(rows)[:k]",
            "low = best(2)\nfirst = next(groups)",
            "def best(k):\n    return sorted(rows, reverse=True)[:k]",
            "high = best(2)\nsecond = next(groups)",
        ],
        "low high first second",
    ),
    "functions that read names which change, and a cell that is run once": (
        [
            "rate = 2.0\nseen = []\ndef scaled(n):\n    seen.append(n)\n    return n * rate",
            "low = scaled(3)",
            "rate = rate + 1",
            "high = scaled(3)\nseen.append('end')",
        ],
        "low high rate seen",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_converted_and_proven(tmp_path: Path, shape: str) -> None:
    """Every value that the notebook has at its end is the pipeline's."""
    pytest.importorskip("pandas")
    cells, names = SHAPES[shape]
    assert verdicts(converted(tmp_path, *cells)) == dict.fromkeys(names.split(), "equal")


def test_a_plot_of_draws_gets_the_state_of_the_generator(tmp_path: Path) -> None:
    """What it draws is what the notebook drew; a picture that the notebook reads from its own file is left out."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport matplotlib.pyplot as plt\nnp.random.seed(3)\nrows = np.random.rand(5)",
        "fig, ax = plt.subplots()\nax.plot(np.random.rand(5) + rows)",
        "np.save('rows.npy', rows)\nplt.figure()\nplt.plot(np.load('rows.npy'))\nplt.show()",
    )
    assert verdicts(made) == {"rows": "equal", "fig": "equal", "ax": "equal"}
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| 2 | `view_cell_2` | `rows` | figures |" in readme


def test_a_plot_shows_what_its_value_was_then(tmp_path: Path) -> None:
    """What is altered after it was drawn is another step's; in one step that cannot be divided it is made again."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
        "df = pd.DataFrame({'a': [1, 2, 3]})\nnp.random.seed(1)",
        "first, ax = plt.subplots()\nax.plot(df.a + np.random.rand(3))",
        "df['a'] = df.a * 2\nnp.random.seed(2)\nx = np.random.rand()",
        "second, ax = plt.subplots()\nax.plot([x, 1])",
        "x = x + len(df)\nrows = iter([x, 2, 3])\ntop = next(rows)",
        "third, ax = plt.subplots()\nax.plot([top, 1])",
        "top = next(rows) + 1",
    )
    names = ["df", "x", "top", "first", "second", "third", "ax"]
    assert verdicts(made) == dict.fromkeys(names, "equal")


def test_a_grid_of_axes_is_a_picture(tmp_path: Path) -> None:
    """What is drawn into it is a view, also where other numbers come from the same cell."""
    pytest.importorskip("matplotlib")
    made = converted(
        tmp_path,
        "import numpy as np\nimport matplotlib.pyplot as plt\nnp.random.seed(1)\nx = np.random.rand(4)",
        "fig, axes = plt.subplots(2, 1)\nrows = x + np.random.rand(4)\naxes[0].plot(rows)\naxes[1].bar(rows, rows)",
        "last = rows.sum() + np.random.rand()",
    )
    assert verdicts(made) == dict.fromkeys(["x", "rows", "last", "fig", "axes"], "equal")


def test_modules_of_the_notebooks_own_are_taken_along(tmp_path: Path) -> None:
    """Beside it, and where sys.path leads: in a folder, and in a package above; one has the notebook's name."""
    for path, text in {
        "work/study.py": "def once(x):\n    return x\n",
        "work/lib/helper.py": "import tools.more\nfrom study import once\ndef twice(x):\n    return 2 * once(x)\n",
        "tools/__init__.py": "",
        "tools/more.py": "def thrice(x):\n    return 3 * x\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    made = converted(
        tmp_path,
        "import sys\nsys.path.append('..')\nsys.path.insert(0, 'lib')",
        "from helper import twice\nfrom tools.more import thrice",
        "x = sum([twice(3), thrice(2)])",
    )
    assert verdicts(made) == {"x": "equal"}
    out = tmp_path / "out"
    assert {one.relative_to(out).as_posix() for one in out.rglob("*.py")} == {
        "study.py", "helper.py", "tools/__init__.py", "tools/more.py", "study_notebook/__init__.py",
        "study_notebook/steps.py", "study_notebook/pipeline.py", "tests/test_study_notebook.py",
    }  # fmt: skip
    for command in (["ruff", "check", "--no-cache", "."], ["mypy", "--strict", "."]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=out, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_an_excuse_stands_where_the_linter_looks_for_it(tmp_path: Path) -> None:
    """Also where the line gets too long by it, and is written over several lines."""
    given = ", ".join(f"argument_{number}" for number in range(6))
    made = converted(
        tmp_path,
        f"def shown({given}, axis=[0, 5, 0, 4], long=None):\n    return argument_0 + axis[1]",
        "x = shown(1, 2, 3, 4, 5, 6)",
    )
    assert verdicts(made) == {"x": "equal"}
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--extend-select", "B006,RUF100", "."],
        cwd=tmp_path / "out", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "noqa: B006" in (tmp_path / "out" / "study" / "functions.py").read_text(encoding="utf-8")


def test_a_name_of_the_columns_is_part_of_a_table(tmp_path: Path) -> None:
    """It is set on the index of the columns, and what is stacked is called by it."""
    pytest.importorskip("pandas")
    made = converted(
        tmp_path,
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4]})",
        "df.columns.name = 'item'",
        "long = df.stack().reset_index()\nitems = list(long['item'])",
    )
    assert verdicts(made)["items"] == "equal"
