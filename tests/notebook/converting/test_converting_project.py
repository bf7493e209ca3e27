"""Conversion: notebooks of our own become pipelines that have the notebook's values, and prove it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import solvent as sv
from solvent.errors import InputError, UsageError
from solvent.notebook.converting.conversion import Conversion
from solvent.notebook.converting.converting import convert
from solvent.notebook.converting.writing.offering import find_offers
from solvent.notebook.observing.kernel import Running

pytestmark = pytest.mark.slow  # each notebook is run in a kernel, and its pipeline in a process of its own

HOUSES = [
    "# Prices of houses",
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n%matplotlib inline\nSEED = 42",
    "df = pd.read_csv('houses.csv')\nnp.random.seed(SEED)\ndf.head()",
    "## Look at it",
    "corr = df.corr()\nplt.imshow(corr)\nplt.show()",
    "## Features",
    "# rooms per size\ndf['ratio'] = df.rooms / df['size']\ndf = df[df['size'] > 5]\n"
    "def rmse(a, b):\n    return float(np.sqrt(((a - b) ** 2).mean()))",
    "## Train",
    "from sklearn.model_selection import train_test_split\nfrom sklearn.ensemble import RandomForestRegressor\n"
    "X = df.drop(columns=['price'])\ny = df['price']\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25)\n"
    "model = RandomForestRegressor(n_estimators=5)\nmodel.fit(X_train, y_train)",
    "pred = model.predict(X_test)\nprint('error', rmse(y_test, pred))\nerror = rmse(y_test, pred)\n"
    "model.score(X_test, y_test)",
    "import pickle\npickle.dump(model, open('model.pkl', 'wb'))\nunused = df.describe()",
]


def write(path: Path, cells: list[str]) -> Path:
    """A notebook: text that begins with # is a heading."""
    kinds = {True: nbformat.v4.new_markdown_cell, False: nbformat.v4.new_code_cell}
    made = [kinds[one.startswith("#") and "\n" not in one](one) for one in cells]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=made)))
    return path


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conversion, Path]:
    folder = tmp_path_factory.mktemp("houses")
    rows = [f"{10 + one % 37},{1 + one % 5},{3 * (10 + one % 37) + 10 * (one % 5) + one % 3}" for one in range(120)]
    (folder / "houses.csv").write_text("\n".join(["size,rooms,price", *rows]))
    made = convert(write(folder / "houses.ipynb", HOUSES), folder / "out", model="houses", types=False)
    return made, folder / "out"


def test_every_value_of_the_notebook_is_the_pipelines_too(houses: tuple[Conversion, Path]) -> None:
    """Tables, arrays, the model and the figures of merit are equal; a second run does nothing again."""
    made, _ = houses
    assert made.proof is not None and made.proof.ran, made.proof
    assert {name: one.verdict for name, one in made.proof.values.items()} == dict.fromkeys(
        ["df", "X", "y", "X_train", "X_test", "y_train", "y_test", "model", "pred", "error", "score"], "equal"
    )
    assert made.proof.proven and made.proof.again == ()


def test_steps_are_named_by_what_they_are_for(houses: tuple[Conversion, Path]) -> None:
    """Loading, features, the split, the fit and the judging stand apart, in order."""
    made, _ = houses
    assert [one.role for one in made.drafts] == ["load", "prepare", "prepare", "split", "fit", "evaluate"]
    assert all(one.name.isidentifier() for one in made.drafts)


def test_constants_and_files_are_in_the_settings(houses: tuple[Conversion, Path]) -> None:
    """The seed, the fraction and the hyper-parameter can be changed without touching code; the file is an input."""
    _, out = houses
    text = (out / "houses.yaml").read_text()
    assert "SEED: 42" in text and "test_size: 0.25" in text and "n_estimators: 5" in text
    assert 'houses_file: "data/houses.csv"' in text
    assert (out / "data/houses.csv").is_file()


def test_what_is_left_out_is_listed_with_its_reason(houses: tuple[Conversion, Path]) -> None:
    """A print, a saved model, and a table that nobody used; plots became views."""
    made, out = houses
    said = {(one.statement.cell, one.why.partition(",")[0].partition(":")[0]) for one in made.left_out}
    assert (6, "it prints") in said and (7, "nothing that lasts uses unused") in said
    assert any("it saves what a step gives" in one.why for one in made.left_out)
    assert "view_cell_3" in (out / "houses/views.py").read_text()
    page = (out / "README.md").read_text()
    assert "| `model` | `fit_model` | equal | by predict(X_test) |" in page and "pickle.dump" in page


def test_steps_of_solvents_own_are_offered_with_the_settings_of_the_notebook(houses: tuple[Conversion, Path]) -> None:
    """For the split, the model, the figures and the file: as YAML that can be planned as it stands."""
    import yaml

    made, out = houses
    assert made.sorted is not None
    offers = {one.found: one.yaml for one in find_offers(made.sorted)}
    assert offers == {
        "train_test_split": "random_split: {test: 0.25}",
        "RandomForestRegressor": 'train: {use: "sklearn.ensemble:RandomForestRegressor", with: {n_estimators: 5}}',
        "figures of merit": "evaluate",
        "dump": "deploy: {model: NAME}",
    }
    assert all(f"| `{text}` |" in (out / "README.md").read_text() for text in offers.values())
    split, train = (yaml.safe_load(offers[name]) for name in ("train_test_split", "RandomForestRegressor"))
    steps = {
        "parts": {"use": "random_split", "of": "houses", **split["random_split"]},
        "model": {"of": "parts.train", "target": "price", **train["train"]},
    }
    (out / "own.yaml").write_text(json.dumps({"name": "own", "inputs": {"houses": "data/houses.csv"}, "steps": steps}))
    assert sv.run(out / "own.yaml", project=out)["model"].status == "ran"


def test_the_project_passes_the_linter_and_the_strict_type_checker(houses: tuple[Conversion, Path]) -> None:
    """As it is, with nothing said to either."""
    _, out = houses
    for command in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "--strict", "houses"]):
        done = subprocess.run([sys.executable, "-m", *command], cwd=out, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_test_that_is_written_passes(houses: tuple[Conversion, Path]) -> None:
    """The project's own test, in a process of its own."""
    _, out = houses
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the client of its own leaves sockets
def test_the_model_is_deployed_by_one_flag(houses: tuple[Conversion, Path]) -> None:
    """Judged on the test rows of the notebook, it passes the gates, and answers by the columns it was fitted on."""
    from solvent.delivery.registry import load_bundle
    from solvent.engine.project import find_project

    _, out = houses
    bundle = load_bundle(find_project(out), "houses@v1")
    assert [one.name for one in bundle.columns] == ["size", "rooms", "ratio"]
    assert bundle.report["target"] == "y" and bundle.report["figures"]["r2"]["value"] > 0.9
    assert "prediction" in bundle.predictor.predict({"size": 20.0, "rooms": 3, "ratio": 0.15})


def test_a_notebook_without_a_model_deploys_nothing(tmp_path: Path) -> None:
    """What is missing is said."""
    with pytest.raises(InputError, match="nothing can be deployed: no model is fitted on rows"):
        convert(write(tmp_path / "plain.ipynb", ["import math\nx = math.sqrt(2)"]), tmp_path / "out", model="plain")


def test_a_step_run_opens_as_a_notebook_that_runs(houses: tuple[Conversion, Path]) -> None:
    """Its inputs are loaded, its code stands in cells, and the last cell shows what it gives."""
    from nbclient import NotebookClient

    from solvent.engine.project import find_project
    from solvent.notebook.opening import write_notebook

    made, out = houses
    project = find_project(out)
    step = made.drafts[-1].name
    file = write_notebook(project, f"houses-1/{step}", out / "look.ipynb")
    notebook = nbformat.read(file, 4)
    NotebookClient(notebook, resources={"metadata": {"path": str(out)}}).execute()
    shown = notebook.cells[-1].outputs[0]["data"]["text/plain"]
    assert "score=" in shown
    with pytest.raises(InputError, match="there is such a file already"):
        write_notebook(project, f"houses-1/{step}", out / "look.ipynb")


def test_a_notebook_that_does_not_run_is_told_by_its_cell(tmp_path: Path) -> None:
    """The cell, the line, the error, and no project."""
    made = convert(write(tmp_path / "broken.ipynb", ["x = 1", "y = x\ny += missing"]), tmp_path / "out")
    assert (
        made.project is None and made.reason == "cell 2, line 2 does not run: NameError: name 'missing' is not defined"
    )
    assert not (tmp_path / "out").exists()


def test_an_environment_without_solvent_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    """The pipeline could not run there: what to install is said, and nothing is written."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    notebook = write(tmp_path / "plain.ipynb", ["open('made.txt', 'w').close()"])
    for one, match in ((python, "-m pip install solvent"), ("/no/such/python", "no Python interpreter")):
        with pytest.raises(UsageError, match=match):
            convert(notebook, tmp_path / "out", Running(tmp_path, one))
    assert not (tmp_path / "out").exists() and not (tmp_path / "made.txt").exists()


def test_relative_names_and_the_folder_of_an_environment_will_do(tmp_path: Path, monkeypatch, capsys) -> None:
    """As the page has it: from the notebook's folder, into a new one beside it, with an environment by its folder."""
    from solvent.faces.cli import main

    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.ipynb", ["x = sum([1, 2])"])
    words = ["notebook", "convert", "a.ipynb", "-o", "made", "--python", os.path.relpath(sys.prefix)]
    monkeypatch.setattr(sys, "argv", ["solvent", *words])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr().out
    assert left.value.code == 0
    assert "a.ipynb → made: 1 step\n" in said
    assert "Proven; run again: everything reused. Next: cd made; solvent run a.yaml" in said


def test_a_folder_that_is_not_empty_is_not_written_to(tmp_path: Path) -> None:
    """Nothing that is there is lost."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="this folder is not empty"):
        convert(write(tmp_path / "some.ipynb", ["x = 1"]), tmp_path / "out")
    assert json.dumps(sorted(one.name for one in (tmp_path / "out").iterdir())) == '["mine.txt"]'


def test_a_fault_of_ours_is_told_without_a_traceback(tmp_path: Path, monkeypatch, capsys) -> None:
    """The place and what to do are said, the exit code is that of failed work, and nothing stays half-written."""
    from solvent.faces.cli import main

    def broken(*_: object) -> None:
        raise KeyError("p")

    monkeypatch.setattr("solvent.notebook.converting.converting.tidy", broken)
    words = ["solvent", "notebook", "convert", str(write(tmp_path / "a.ipynb", ["x = sum([1, 2])"])), "-o"]
    monkeypatch.setattr(sys, "argv", [*words, str(tmp_path / "out")])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr().err
    assert left.value.code == 1 and "Traceback" not in said
    assert "a.ipynb: Solvent could not go on with this notebook (KeyError: 'p', " in said
    assert not (tmp_path / "out").exists()
