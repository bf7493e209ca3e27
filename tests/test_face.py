"""The front door shows what it promises, and always the same objects."""

from __future__ import annotations

import importlib
import pkgutil
import types

import pytest

import solvent as sv


def test_the_door_has_few_names_in_order():
    """At most 24 public names, alphabetically, and `dir` shows exactly them."""
    assert len(sv.__all__) <= 24
    assert sv.__all__ == sorted(sv.__all__)
    assert dir(sv) == sorted(sv.__all__)


def test_nothing_behind_the_door_is_a_module_but_errors():
    """Every public name is a class, function or value; only `errors` is a module."""
    assert [name for name in sv.__all__ if isinstance(getattr(sv, name), types.ModuleType)] == ["errors"]


def test_names_stay_what_they_are_after_every_module_is_imported():
    """No submodule sets itself over a public name."""
    before = {name: getattr(sv, name) for name in sv.__all__}
    for one in pkgutil.walk_packages(sv.__path__, "solvent."):
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)
    assert {name: getattr(sv, name) for name in sv.__all__} == before


def test_rooms_export_what_they_say():
    """Each package's `__all__` can be had from it, and is no module."""
    for one in pkgutil.walk_packages(sv.__path__, "solvent."):
        if not one.ispkg:
            continue
        room = importlib.import_module(one.name)
        for name in getattr(room, "__all__", ()):
            assert not isinstance(getattr(room, name), types.ModuleType), f"{one.name}.{name}"


def test_a_name_that_is_not_there_gets_a_hint():
    """A misspelt name is an AttributeError that names the nearest."""
    with pytest.raises(AttributeError, match="Did you mean 'pipeline'"):
        _ = sv.pipelin
