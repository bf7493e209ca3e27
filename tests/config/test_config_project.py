"""The project file: found upward, strict, and nothing of it need exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from solvent.config import ProjectFile, Secret, load_project_file
from solvent.errors import SettingsError


def test_nothing_need_exist(tmp_path: Path) -> None:
    """Without a file the folder is the root, with its own code and an archive below."""
    project = load_project_file(tmp_path)
    assert project == ProjectFile(tmp_path.resolve(), code=(tmp_path.resolve(),))
    assert project.archive == tmp_path.resolve() / ".solvent" and project.file is None and project.store is None
    (tmp_path / "src").mkdir()
    assert load_project_file(tmp_path).code == (tmp_path.resolve(), tmp_path.resolve() / "src")


def test_the_nearest_file_upward_is_the_project(tmp_path: Path) -> None:
    """solvent.toml goes before pyproject.toml in one folder; a pyproject without our section is none."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.solvent]\ndefault = 'outer.yaml'\n")
    (inner.parent / "pyproject.toml").write_text("[project]\nname = 'solvent-user'\n")
    assert load_project_file(inner).default == "outer.yaml" and load_project_file(inner).root == tmp_path.resolve()
    (inner.parent / "solvent.toml").write_text("default = 'near.yaml'")
    assert load_project_file(inner).default == "near.yaml"
    (inner / "pyproject.toml").write_text("this is [ not toml, and not ours: solvent")
    assert load_project_file(inner).default == "near.yaml"


def test_all_that_it_can_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key is read; addresses may hold secrets, which stay references until they are asked for."""
    monkeypatch.setenv("SOLVENT_TEST_BUCKET", "shop")
    (tmp_path / "keys").write_text("PW=hidden")
    (tmp_path / "solvent.toml").write_text("""\
code = ["lib", "."]
default = "flights.yaml"
plugs = ["ours.plugs:Crm"]
formats = ["ours.formats:CatBoost"]
allow_pickle = ["ours.models:Old"]
secrets = {file = "keys"}
[archive]
store = "s3://${env:SOLVENT_TEST_BUCKET}/x"
catalog = "postgresql://u:${secret:PW}@h/d"
[retention]
runs = "90 days"
""")
    project = load_project_file(tmp_path)
    root = tmp_path.resolve()
    assert project.code == (root / "lib", root) and project.default == "flights.yaml"
    assert project.plugs == ("ours.plugs:Crm",) and project.formats == ("ours.formats:CatBoost",)
    assert project.allow_pickle == ("ours.models:Old",) and dict(project.retention) == {"runs": "90 days"}
    assert project.store == "s3://shop/x" and project.file == root / "solvent.toml"
    assert isinstance(project.catalog, Secret) and project.catalog.reveal() == "postgresql://u:hidden@h/d"
    assert "hidden" not in repr(project) and project.secret("PW") == "hidden"


def test_it_is_strict(tmp_path: Path) -> None:
    """Unknown keys, wrong types and unknown sources of secrets come all at once, with lines and the nearest name."""
    (tmp_path / "solvent.toml").write_text("""\
defualt = "x"
code = 3
secrets = "vault"
allow_pickle = true
plugs = "${vars.x}"
[archive]
stor = "x"
catalog = 5
""")
    with pytest.raises(SettingsError) as caught:
        load_project_file(tmp_path)
    found = sorted(str(one) for one in caught.value.problems)
    assert [one.partition(": ")[0] for one in found] == [f"solvent.toml:{line}" for line in (1, 2, 3, 4, 5, 5, 7, 8)]
    assert found[0] == "solvent.toml:1: defualt: a project has no such key. Did you mean 'default'?"
    assert found[-2] == "solvent.toml:7: archive.stor: an archive has store and catalog only. Did you mean 'store'?"


def test_broken_files_name_their_line(tmp_path: Path) -> None:
    """Syntax errors of solvent.toml are errors; an archive that is a text says what it should be."""
    (tmp_path / "solvent.toml").write_text("a = 1\na = 2")
    with pytest.raises(SettingsError, match=r"solvent\.toml:2: the key 'a' stands here a second time"):
        load_project_file(tmp_path)
    (tmp_path / "solvent.toml").write_text("archive = 's3://x'")
    with pytest.raises(
        SettingsError, match=r"solvent\.toml:1: archive: expected a table with store and catalog, got text"
    ):
        load_project_file(tmp_path)
