"""What the pages say is there: their programs compile, their settings load, their commands and links exist."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from solvent.config import load_settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]


def blocks(page, language):
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_on_the_page_exist(page):
    """Each `solvent …` line of a console block names a command that there is."""
    from solvent.faces.cli import COMMANDS

    named = [line.split() for text in blocks(page, "console") for line in text.splitlines() if "solvent " in line]
    for words in named:
        place = words.index("solvent") + 1
        if words[place] != "|":  # what the completion of a shell is made of
            assert words[place] in COMMANDS, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_on_the_page_lead_somewhere(page):
    """Each relative link names a file or folder that is there."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_settings_of_the_readme_load(tmp_path):
    """The YAML of the README is settings that Solvent reads without complaint."""
    (text,) = blocks(ROOT / "README.md", "yaml")
    (tmp_path / "readme.yaml").write_text(text)
    settings = load_settings([tmp_path / "readme.yaml"], root=tmp_path)
    assert settings.pipeline.value == "flights:delays"
    assert set(settings.root_block.children) == {"time_split", "fit", "train", "evaluate", "deploy"}
