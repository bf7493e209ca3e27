"""Faults that were planted into notebooks are found, each in its cell, and nothing else is."""

from __future__ import annotations

import dataclasses

import pytest

from solvent.notebook.checking.checking import check

pytestmark = pytest.mark.slow

# Put together here: paths of a machine stand in no file of this project.
HOME = "/" + "home"
SHOWN = {"output_type": "stream", "name": "stdout", "text": "12 rows\n"}
KEY = "AKIA" + "Q7RZ3M5XK2PLW9TB"

# (what has to be found, the cell); "" are cells without a fault.
CELLS = [
    ("", "import random\nimport pandas as pd\nimport numpy as np\nitems = [1]\ntable = pd.DataFrame({'a': [1, 2]})"),
    ("", {"source": "rows = 12", "execution_count": 40}),
    ("", {"source": "rows", "execution_count": 41}),
    ("used-before", "print(later_made)"),
    ("", "later_made = 1"),
    ("deleted-cell", "gone_cell_made + 1"),
    ("undefined", {"source": "never_was + 1", "execution_count": None}),
    ("", "def shape(x):\n    return x.shape"),
    ("redefined", "def shape(x):\n    return len(x)"),
    ("", "words = ['a']"),
    ("", "len(words)"),
    ("redefined", "words = 'a table'"),
    ("", "df = table.copy()\ni = items"),
    ("", "len(df) + len(i)"),
    ("redefined", "df = 'a text'"),
    ("", "i = 'a text'"),
    ("mutated", "items.append(2)"),
    ("mutated", "other = table\nother['b'] = 1\ntable.drop(columns='b', inplace=True)"),
    ("", "def spoil(frame):\n    frame['c'] = 0"),
    ("mutated", "spoil(table)"),
    ("unseeded", "draw = random.random()"),
    ("unseeded", "numbers = np.random.default_rng().normal(size=3)"),
    ("saved-output", {"source": "print('13 rows')", "outputs": [SHOWN]}),
    ("not-repeatable", "print(list({'a', 'b', 'c', 'd', 'e', 'f'}))"),
    ("path", "raw = pd.read_csv('" + HOME + "/ann/x/planets.csv')"),
    ("path", "raw = pd.read_csv(r'C:\\Users\\ann\\planets.csv')"),
    ("path", "folder = '/content/drive/MyDrive/data'"),
    ("missing-file", "raw = pd.read_csv('absent.csv')"),
    ("missing-package", "import a_package_that_is_nowhere"),
    ("missing-package", "from sklearn_of_nobody.tree import Tree"),
    ("version-drift", "table.append(table)"),
    ("version-drift", "np.float(1)"),
    ("version-drift", "from sklearn.externals import joblib"),
    ("shell", "!wget https://example.org/x.zip"),
    ("magic", "%run other.py"),
    ("secret", f"key = '{KEY}'"),
    ("secret", "address = 'postgresql://ann:tr0ub4dor@db.example.org/x'"),
    ("syntax", "print 'hello'"),
    ("input", "name = input('who? ')"),
    ("error", "1 / 0"),
    ("network", "import urllib.request\nurllib.request.urlopen('http://no.such.host.invalid/')"),
    ("", "table.shape"),
]
# Those that follow from others, and those that cells of path have beside it.
BESIDE = {("unseeded", "not-repeatable"), ("path", "missing-file")}


@pytest.fixture(scope="module")
def report(written):
    """The planted notebook, checked."""
    return check(written(*(cell for _, cell in CELLS), files={"planets.csv": "a\n1\n"}))


def test_each_planted_fault_is_found_in_its_cell(report):
    """Every kind is told of the cell that it stands in."""
    found = {(one.cell, one.kind) for one in report.faults}
    missed = [(number, kind) for number, (kind, _) in enumerate(CELLS, 1) if kind and (number, kind) not in found]
    assert not missed
    assert (4, "order") in found  # its count is below that of the cell above
    assert len({kind for kind, _ in CELLS if kind}) >= 15


def test_nothing_else_is_called_a_fault(report):
    """Cells without a fault have none, and the others no other."""
    planted = {number: kind for number, (kind, _) in enumerate(CELLS, 1)}
    more = [
        (one.cell, one.kind, one.text) for one in report.faults
        if one.cell is not None and planted[one.cell] != one.kind and (planted[one.cell], one.kind) not in BESIDE
        and one.kind != "order"
    ]  # fmt: skip
    assert not more


def test_each_says_what_to_do(report):
    """Remedies name the cell to move, the file beside the notebook, the package for pip, and the new name."""
    told = {(one.cell, one.kind): one.remedy for one in report.findings}
    number = {source: place for place, (_, source) in enumerate(CELLS, 1) if isinstance(source, str)}
    assert told[number["print(later_made)"], "used-before"] == "move cell 5 above cell 4"
    assert "'planets.csv'" in told[number["raw = pd.read_csv('" + HOME + "/ann/x/planets.csv')"], "path"]
    assert "pd.concat" in told[number["table.append(table)"], "version-drift"]
    assert "import joblib" in told[number["from sklearn.externals import joblib"], "version-drift"]
    assert "pip install a-package-that-is-nowhere" in told[
        number["import a_package_that_is_nowhere"], "missing-package"]  # fmt: skip
    assert "Python 2" in told[number["print 'hello'"], "syntax"]


def test_no_secret_is_shown_in_full(report):
    """Neither the key nor the password is in anything that is said."""
    said = str([dataclasses.asdict(one) for one in report.findings])
    assert KEY not in said and "tr0ub4dor" not in said
