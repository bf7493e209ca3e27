"""Real kernels: a notebook as Jupyter runs it, and two of them on one project at once."""

from __future__ import annotations

import asyncio

import pytest

import solvent as sv

CELLS = [
    "%load_ext solvent",
    "import time\nimport numpy as np\nimport matplotlib.pyplot as plt\n%matplotlib inline",
    "data = np.arange({start}, {start} + 5)",
    "%%step twice -> doubled\ndoubled = data * 2",
    "%%step twice -> doubled\ndoubled = data * 2",
    "data[0] = 99",
    "plt.plot(data);",
    "%load_ext autoreload\n%autoreload 2",
    "import asyncio\nawait asyncio.sleep(0)\n'end'",
    "%solvent show",
    "1 / 0",
    "done = sum(data)",
]


async def carried_out(folder, start):
    """The cells of a notebook after a kernel of their own ran them."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell.replace("{start}", str(start))) for cell in CELLS]
    )
    where = {"metadata": {"path": str(folder)}}
    await nbclient.NotebookClient(book, timeout=120, allow_errors=True, resources=where).async_execute()
    return book.cells


@pytest.mark.slow
def test_two_kernels_on_one_project(tmp_path):
    """Both are recorded whole, each in its own run: values, pictures, errors, reuse, and pages that show them."""
    pytest.importorskip("matplotlib")

    async def both():
        return await asyncio.gather(*(carried_out(tmp_path, start) for start in (0, 100)))

    books = asyncio.run(both())
    for cells in books:
        said = {number: cell.outputs for number, cell in enumerate(cells)}
        assert said[4][0].text.startswith("reused twice")
        assert "text/html" in said[9][0].data and "doubled" in said[9][0].data["text/html"]
        assert said[10][0].ename == "ZeroDivisionError"
        assert all(one.output_type != "error" for number, outputs in said.items() if number != 10 for one in outputs)
    project = sv.open(tmp_path)
    runs = project.runs()
    assert [run.status for run in runs] == ["succeeded", "succeeded"]
    for run in runs:
        steps = {step.name: step for step in run.steps}
        assert [steps[name].status for name in ("twice", "twice-2")] == ["ran", "reused"]
        assert "picture-1" in {name for step in run.steps for name in step.outputs}
        altered = next(step for step in run.steps if step.source == "data[0] = 99")
        assert altered.value("data")[0] == 99
        assert next(step for step in run.steps if step.source == "1 / 0").status == "failed"
        assert run.steps[-1].value("done") in (99 + 1 + 2 + 3 + 4, 99 + 101 + 102 + 103 + 104)
