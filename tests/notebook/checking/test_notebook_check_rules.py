"""What is found by reading alone: secrets, paths, shell lines, order, and names."""

from __future__ import annotations

import pytest

from solvent.notebook.checking.checking import Checking, check
from solvent.notebook.checking.environment import Environment, declarations, find_other_versions
from solvent.notebook.checking.rules.drifts import known_drift, package_of
from solvent.notebook.checking.rules.secrets import mask
from solvent.notebook.checking.rules.texts import near_file
from solvent.notebook.flow.program import read_program
from solvent.notebook.reading.files import read_notebook

READ = Checking(run=False)
# Put together here, so that this file holds neither a secret's form nor a path of a machine.
HEX = "0123456789abcdef" * 4
RANDOM = "q7Rz3M5xK2pLw9TbVn4YcD8sJf6HgA1e"
HOME = "/" + "home"


def found(written, *cells, kind, **more):
    return [(one.severity, one.cell, one.line) for one in check(written(*cells, **more), READ).findings
            if one.kind == kind]  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "key = 'AKIA" + "QWERTYUIOP" + "ASDFGH'",
        "token = 'ghp_" + "a1B2" * 9 + "'",
        "client = Client('hf_" + "aB3d" * 9 + "')",
        "openai.api_key = 'sk-proj-" + RANDOM + "'",
        "password = 'c0rrect-horse'",
        "conf = {'api_key': '" + RANDOM + "'}",
        "engine = connect('postgres://ann:s3cr3t@db/x')",
        "text = '-----BEGIN RSA " + "PRIVATE KEY-----'",
        "x = '" + RANDOM + RANDOM.swapcase() + "'",
    ],
)
def test_secrets_are_found(written, source):
    """Keys by their form, values by their name, passwords in addresses, and what only looks random."""
    assert found(written, "x = 1", source, kind="secret") == [("fault", 2, 1)]


@pytest.mark.parametrize(
    "source",
    [
        "password = os.environ['PASSWORD']",
        "password = 'your-password-here'",
        "token = '<TOKEN>'",
        "tokenizer = 'bert-base-uncased'",
        "pad_token = '[PAD0]'",
        "digest = '" + HEX + "'",
        "url = 'https://user@example.org/a:b@c'",
        "url = 'postgres://{user}:{password}@db/x'",
        "token_file = 'secrets/token.json'",
        "print('sk-text-repr-fallback sk-container-id-1')",
        "columns = ['customerIdentificationNumberOfTheFirstAccount']",
        "secret_key_name = 'database'",
    ],
)
def test_what_only_sounds_like_a_secret_is_none(written, source):
    """Names, references, empty forms, digests and words are no secrets."""
    assert found(written, source, kind="secret") == []


def test_secrets_in_text_and_outputs_are_found_and_masked(written):
    """Also what was printed; a long secret keeps four characters to be told by."""
    key = "ghp_" + "a1B2" * 9
    shown = {"output_type": "stream", "name": "stdout", "text": f"using {key}\n"}
    assert found(written, {"source": "x", "outputs": [shown]}, kind="secret") == [("fault", 1, None)]
    assert mask(f"no {key} here", [key]) == "no ghp_**** here"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"open('{HOME}/ann/a.csv')", [("fault", 1, 1)]),
        ("open(r'C:\\data\\a.csv')", [("fault", 1, 1)]),
        ("x = '/content/drive/MyDrive'", [("fault", 1, 1)]),
        ("%cd /content", [("fault", 1, 1)]),
        ("open('data/a.csv')", []),
        ("x = '/api/v1/items'", []),
        ("x = '/'", []),
        ("x = 'https://example.org" + HOME + "/ann'", []),
        ("import re\nre.sub('/home/(.*)', '', x)", []),
        ('"""Reads /content/a.csv of Colab."""', []),
    ],
)
def test_paths_of_one_machine(written, source, expected):
    """Homes, drives and services are; relative paths, addresses and texts are not."""
    assert found(written, source, kind="path") == expected


@pytest.mark.parametrize(
    ("source", "severity"),
    [
        ("!pip install a", "hint"), ("!ls -l", "hint"), ("!head -3 a.csv", "hint"), ("!unzip a.zip", "fault"),
        ("files = !ls", "fault"), ("!cat a > b", "fault"), ("%%bash\nmkdir a", "fault"), ("%matplotlib inline", None),
        ("%%time\nx = 1", None),
    ],
)  # fmt: skip
def test_shell_lines(written, source, severity):
    """What only looks or declares packages is a hint, what does something a fault; magics of display are neither."""
    assert [one[0] for one in found(written, source, kind="shell")] == ([severity] if severity else [])


def test_counts_that_rise_are_in_order(written):
    """Gaps are usual; a fall is a fault; an unrun cell among others is a hint."""
    one = {"source": "1", "execution_count": 5}
    assert found(written, one, {"source": "2", "execution_count": 9}, kind="order") == []
    assert found(written, one, {"source": "2", "execution_count": 5}, kind="order") == [("fault", 2, None)]
    assert found(written, one, {"source": "2", "execution_count": None}, kind="order") == [("hint", 2, None)]
    assert found(written, {"source": "1", "execution_count": None}, kind="order") == []


def test_names(written):
    """Names of later cells, of none, of functions that nobody calls, and of modules whose names are not known."""
    assert found(written, "a = b", "b = 1", kind="used-before") == [("fault", 1, 1)]
    assert found(written, {"source": "a = b", "execution_count": None}, kind="undefined") == [("fault", 1, 1)]
    assert found(written, "a = b", kind="deleted-cell") == [("fault", 1, 1)]
    assert found(written, "def f():\n    return b", kind="undefined") == [("hint", 1, 2)]
    assert found(written, "def f():\n    return b", "f()", "b = 1", kind="used-before") == [("fault", 2, 1)]
    assert found(written, "from math import *", "pi", kind="deleted-cell") == []


def test_files_beside_the_notebook_are_found_by_their_end(tmp_path):
    """The longest end of a path that is there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").touch()
    assert near_file(f"{HOME}/ann/data/a.csv", tmp_path) == "data/a.csv"
    assert near_file(r"C:\ann\data\a.csv", tmp_path) == "data/a.csv"
    assert near_file(f"{HOME}/ann/a.csv", tmp_path) is None


def test_names_of_packages_and_of_what_they_dropped():
    """Modules by the name that pip knows, and dropped names by what took their place."""
    assert package_of("cv2") == "opencv-python" and package_of("a_b") == "a-b"
    assert "joblib" in (known_drift("sklearn.externals.joblib") or "")
    assert known_drift("nothing_of_the_kind") is None


def test_versions_that_the_notebook_names_are_compared_with_those_here(written):
    """Exact versions of requirements and of install lines; others are only names."""
    path = written(
        "!pip install pandas==1.5.3 'numpy>=1'", files={"requirements.txt": "# ours\nScikit_Learn==1.2\n-r x\n"}
    )
    declared = declarations(read_program(read_notebook(path)), path.parent)
    assert [(one.package, one.version) for one in declared] == [
        ("pandas", "1.5.3"),
        ("numpy", ""),
        ("scikit-learn", "1.2"),
    ]
    here = Environment("3.11", versions={"pandas": ("pandas", "3.1.1"), "sklearn": ("scikit-learn", "1.2.4")})
    (told,) = find_other_versions(declared, here)
    assert (told.severity, told.cell, told.line) == ("hint", 1, 1)
    assert "pandas==1.5.3, and 3.1.1 is here" in told.text
