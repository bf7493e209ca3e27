"""The documentation says what is so: links lead somewhere, commands exist, the tutorial can be carried out."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import solvent as sv
from solvent.config import load_settings
from solvent.faces.cli import COMMANDS
from solvent.faces.cli import solvent as command_line

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
FENCE = re.compile(r"(?:<!-- (?P<say>[^>]+) -->\n)?```(?P<kind>\w*)\n(?P<text>.*?)```", re.DOTALL)


def anchors(page):
    """The places of a page that a link may lead to."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    """Every relative link names a file that is there, and a heading of it."""
    for target in re.findall(r"\]\(([^)]+)\)", FENCE.sub("", page.read_text())):
        if "://" in target:
            continue
        file, _, place = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), target
        assert not place or place in anchors(found), target


def blocks(page, language):
    """The fenced blocks of one language."""
    return [found["text"] for found in FENCE.finditer(page.read_text()) if found["kind"] == language]


def is_there(module, name):
    """Whether a module has a name, or a module of that name inside."""
    if hasattr(importlib.import_module(module), name):
        return True
    return importlib.util.find_spec(f"{module}.{name}") is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_on_the_page_compiles_and_imports_what_exists(page):
    """Each Python block parses, and every name that it imports from Solvent is there."""
    for text in blocks(page, "python"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("solvent"):
                for alias in node.names:
                    assert is_there(node.module, alias.name), ast.unparse(node)


def test_the_settings_of_the_readme_load(tmp_path):
    """The YAML of the README is settings that Solvent reads without complaint."""
    (text,) = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "readme.yaml").write_text(text)
    settings = load_settings([tmp_path / "readme.yaml"], root=tmp_path)
    assert settings.pipeline.value == "flights:delays"
    assert set(settings.root_block.children) == {"time_split", "fit", "train", "evaluate", "deploy"}


def commands():
    """Every command by its words."""
    context = click.Context(command_line)
    for name in COMMANDS:
        found = command_line.get_command(context, name)
        if isinstance(found, click.Group):
            for inner in found.list_commands(context):
                yield f"{name} {inner}", found.get_command(context, inner)
        else:
            yield name, found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_is_shown_exists(page):
    """Each line `$ solvent …` names a command, and only options that it has."""
    known = dict(commands())
    for block in FENCE.finditer(page.read_text()):
        for line in re.findall(r"^\$ solvent (.+)$", block["text"], re.MULTILINE):
            words = shlex.split(line.partition("  #")[0], comments=True)
            name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
            assert name in known, line
            options = {option for one in known[name].params for option in (*one.opts, *one.secondary_opts)}
            assert {word.partition("=")[0] for word in words if word.startswith("-")} <= options, line


def test_the_reference_of_the_command_line_is_complete():
    """Every command and every option is in the reference, and nothing else is."""
    text = (ROOT / "docs/reference/command-line.md").read_text()
    shown = {" ".join(found.split()) for found in re.findall(r"`solvent ([a-z]+(?: [a-z]+)?)", text)}
    assert {name for name, _ in commands()} <= shown
    params = [found for _, one in commands() for found in one.params]
    options = {word for found in params for word in (*found.opts, *found.secondary_opts) if word[0] == "-"}
    written = set(re.findall(r"`(-{1,2}[a-z][a-z-]*)", text))
    assert options - {"--help", "-h"} == written


def test_the_reference_of_the_front_door_is_complete():
    """Every public name has its line, and no line names anything else."""
    text = (ROOT / "docs/reference/python.md").read_text()
    written = set(re.findall(r"`sv\.(\w+)", text))
    assert written == set(sv.__all__)


def test_the_reference_of_rooms_names_what_is_there():
    """What the page says that the rooms have, they have."""
    text = (ROOT / "docs/reference/python.md").read_text().partition("## Rooms")[2].partition("##")[0]
    from solvent import delivery, learn

    for room, listed in zip((learn, delivery), re.findall(r"\(`([\w, \n]+)`\)", text), strict=True):
        assert set(re.findall(r"\w+", listed)) <= set(room.__all__)


def test_the_projects_file_that_is_shown_is_read(tmp_path):
    """The example of the reference is a project's file without a fault, and its keys are those of the table."""
    from solvent.config import load_project_file

    page = (ROOT / "docs/reference/project-file.md").read_text()
    (block,) = [found for found in FENCE.finditer(page) if found["say"] == "solvent.toml"]
    (tmp_path / "solvent.toml").write_text(block["text"])
    found = load_project_file(tmp_path)
    assert (found.default, found.formats, found.catalog) == (
        "flights.yaml",
        ("ours.formats:Model",),
        "archive/catalog.db",
    )
    assert [folder.name for folder in found.code] == [tmp_path.name, "src"]


def test_decisions_are_numbered_and_named_alike():
    """Records are counted without a gap, and each opens with its number and a sentence."""
    files = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        assert re.match(rf"# {int(file.name[:4])}\. \w", file.read_text()), file.name


def test_every_piece_of_news_can_be_told():
    """News fragments have an issue and a kind in their names, and a sentence in them."""
    for file in (ROOT / "news").iterdir():
        assert re.fullmatch(r"(\d+|\+[\w-]+)\.(added|changed|fixed)(\.[\w-]+)?\.md", file.name), file.name
        assert file.read_text().strip().endswith((".", "!", "`"))


def edited(block, folder):
    """Write or extend the file that a block of the tutorial is."""
    how, _, name = block["say"].partition(": ")
    before = (folder / name).read_text() if how == "append" else ""
    (folder / name).write_text(before + block["text"])


@pytest.mark.slow
def test_the_tutorial_can_be_carried_out(tmp_path):
    """Every command of the tutorial does what it says, in its order, with its files."""
    folder, said = tmp_path, {}
    for block in FENCE.finditer((ROOT / "docs/tutorial.md").read_text()):
        if block["kind"] == "console":
            for line in re.findall(r"^\$ (.+)$", block["text"], re.MULTILINE):
                if line.startswith("cd "):
                    folder = folder / line[3:]
                    continue
                words = [sys.executable, "-m", *shlex.split(line.removeprefix("python -m "))]
                done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
                assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
                said.setdefault(line, []).append(done.stdout)
        elif block["say"] == "run":
            done = subprocess.run([sys.executable, "-c", block["text"]], cwd=folder, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        elif block["say"]:
            edited(block, folder)
    first, second, model, deployed = said["solvent run"]
    assert "succeeded" in first and "all reused" in second
    assert "reused    transform" in model and "ran       train" in model
    assert "reused    train" in deployed and "ran       deploy/promote" in deployed
    assert "least_price: 10.0" in said["solvent why clean"][0] and "→ 50.0" in said["solvent why clean"][0]
    assert "rows" in said["solvent why train"][0]
    assert "champion" in said["solvent models list"][0]
