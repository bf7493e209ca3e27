"""Sources are named by one word: Solvent's own, a project's, or a package's, and a broken one is named."""

from __future__ import annotations

import sys

import polars as pl
import pytest

from solvent.config import Secret
from solvent.data.sources import open_source
from solvent.data.sources.opening import source_kinds
from solvent.errors import InputError

PLUG = '''
"""A source of a package."""
import polars as pl

class Accounts:
    def __init__(self, named, options, root):
        self.named, self.options, self.root = named, options, root
    def describe(self):
        return {"kind": "accounts", "named": self.named, **self.options}
    def version(self):
        return None
    def read(self, wanted):
        return pl.DataFrame({"name": [self.named], "page": [self.options["page"]]})
    def close(self):
        pass

broken = 1
'''


def _package(folder, name, points, code=PLUG):
    """An installed distribution with a module and entry points."""
    (folder / f"{name}_code.py").write_text(code)
    made = folder / f"{name}-1.5.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    (made / "entry_points.txt").write_text("[solvent.sources]\n" + "\n".join(points) + "\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def test_a_package_brings_a_source_that_is_imported_when_it_is_named(site, tmp_path):
    """The list of kinds imports nothing of it."""
    _package(site, "crm1", ["accounts = crm1_code:Accounts"])
    assert "accounts" in source_kinds()
    assert "crm1_code" not in sys.modules
    source = open_source({"accounts": "north", "page": 500}, tmp_path)
    assert source.describe() == {"kind": "accounts", "named": "north", "page": 500}
    assert source.read(pl.DataFrame).row(0) == ("north", 500)


@pytest.mark.parametrize(
    ("point", "code", "said"),
    [
        ("crm2_code:Accounts", "import a_module_that_is_not_there", "crm2_code:Accounts cannot be imported: Module"),
        ("crm2_code:Nothing", PLUG, "AttributeError"),
        ("crm2_code:broken", PLUG, "names no function or class"),
        ("crm2_code:Accounts", "1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_broken_package_is_named_with_its_version(site, tmp_path, monkeypatch, point, code, said):
    """And harms nobody who does not name its source."""
    monkeypatch.delitem(sys.modules, "crm2_code", raising=False)
    _package(site, "crm2", [f"accounts = {point}"], code)
    (tmp_path / "x.csv").write_text("a\n1\n")
    assert open_source("x.csv", tmp_path).read(pl.DataFrame).height == 1
    with pytest.raises(InputError, match=rf"the source 'accounts' comes from crm2 1.5, which is broken: .*{said}"):
        open_source({"accounts": "north"}, tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("class Accounts:\n    def __init__(self, named): pass", r"cannot make one of these settings: TypeError.*root"),
        ("def Accounts(named, options, root): return options['page']", "cannot make one of these .*KeyError: 'page'"),
        ("def Accounts(named, options, root): return named", "makes a str, and that has no method describe and no ver"),
    ],
)
def test_a_source_that_cannot_be_made_is_told_with_who_brings_it(site, tmp_path, monkeypatch, code, said):
    """And with how it is called."""
    monkeypatch.delitem(sys.modules, "crm5_code", raising=False)
    _package(site, "crm5", ["accounts = crm5_code:Accounts"], code)
    with pytest.raises(InputError, match=rf"the source 'accounts' comes from crm5 1.5, which {said}"):
        open_source({"accounts": "north"}, tmp_path)


def test_two_packages_with_one_word_are_named(site, tmp_path):
    """And so is one that takes a word of Solvent's own."""
    _package(site, "crm3", ["accounts = crm3_code:Accounts"])
    _package(site, "crm4", ["accounts = crm4_code:Accounts"])
    with pytest.raises(InputError, match=r"crm[34] 1.5 and crm[34] 1.5 both bring a source called 'accounts'"):
        open_source({"files": "x.csv"}, tmp_path)


def test_a_package_may_not_take_a_word_that_is_taken(site, tmp_path):
    """Else settings would change their meaning by an installation."""
    _package(site, "crm5", ["files = crm5_code:Accounts"])
    with pytest.raises(InputError, match=r"crm5 1.5 brings a source called 'files', which is one of Solvent's own"):
        open_source({"files": "x.csv"}, tmp_path)


def test_a_project_names_its_own_sources(site, tmp_path):
    """By module and class; the word is the class's name in small letters."""
    _package(site, "crm6", ["accounts = crm6_code:Nothing"], PLUG.replace("class Accounts", "class CrmAccounts"))
    source = open_source({"crm_accounts": "south", "page": 1}, tmp_path, ["crm6_code:CrmAccounts"])
    assert source.read(pl.DataFrame)["name"][0] == "south"
    with pytest.raises(InputError, match="crm6_code:Nope.*has no 'Nope'"):
        open_source({"nope": 1}, tmp_path, ["crm6_code:Nope"])
    with pytest.raises(InputError, match="would be the source 'files'"):
        open_source({"files": "x"}, tmp_path, ["crm6_code:Files"])


def test_a_misspelt_word_gets_the_nearest_of_all(site, tmp_path):
    """Of Solvent's own, the engine's, and those of packages."""
    _package(site, "crm7", ["accounts = crm7_code:Accounts"])
    for wrong, right in (("acounts", "accounts"), ("databse", "database"), ("datset", "dataset"), ("urls", "url")):
        with pytest.raises(InputError, match=f"{wrong!r} is not a source. Did you mean {right!r}"):
            open_source({wrong: 1}, tmp_path)


@pytest.mark.parametrize("spec", [{}, 7, None, [], Secret("${secret:X}"), {"files": "a", "database": "b"}])
def test_what_names_no_source_is_an_error(tmp_path, spec):
    """With the words that there are, or the two that were given."""
    with pytest.raises(InputError, match="names no source|expected a source|two sources at once"):
        open_source(spec, tmp_path)
