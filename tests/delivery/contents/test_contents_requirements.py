"""The requirements lock: all that serving needs, in the versions that are installed, and nothing else."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from solvent.delivery.contents.markers import holds, parse_requirement
from solvent.delivery.contents.requirements import lock_requirements, read_lock, write_lock


@pytest.mark.parametrize(
    "marker, extras, expected",
    [
        ("", (), True),
        ('python_version >= "3.10"', (), True),
        ('python_version < "3.9"', (), False),
        ('python_full_version >= "3.9.1"', (), True),
        ('sys_platform == "no-such"', (), False),
        ('sys_platform != "no-such" and (extra == "a" or extra == "b")', ("b",), True),
        ('extra == "Fast_Mode"', ("fast-mode",), True),
        ('extra == "fast"', (), False),
        ('"lin" in sys_platform or "dar" in sys_platform or "win" in sys_platform', (), True),
        ('platform_machine not in "x86_64 aarch64 arm64 AMD64"', (), False),
        ("what ~= is this", (), True),
        ('unknown_name == "x"', (), True),
    ],
)
def test_markers_count_as_pip_counts_them(marker: str, extras: tuple[str, ...], expected: bool) -> None:
    """A marker holds here or not; one that cannot be understood holds."""
    assert holds(marker, extras) is expected


def test_a_requirement_is_its_name_extras_and_marker() -> None:
    """Versions are left to what is installed."""
    found = parse_requirement('uvicorn[standard, http2]>=0.30,<1 ; sys_platform != "win32"')
    assert found is not None
    assert (found.name, found.extras, found.marker) == ("uvicorn", {"standard", "http2"}, 'sys_platform != "win32"')
    assert parse_requirement("==1") is None


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        "lock_app 1.0": ["Lock.Lib[fast]>=2", 'lock_never; sys_platform == "no-such"', "lock_missing"],
        "Lock_Lib 2.1": ['lock_speed; extra == "fast"', 'lock_docs; extra == "docs"', "lock_deep"],
        "lock_speed 3.0": [],
        "lock_docs 4.0": [],
        "lock_never 5.0": [],
        "lock_deep 6.0": ["lock_app"],
    }
    for named, needs in wanted.items():
        name, version = named.split()
        folder = tmp_path / f"{name}-{version}.dist-info"
        folder.mkdir()
        lines = [
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            *(f"Requires-Dist: {one}\n" for one in needs),
        ]
        (folder / "METADATA").write_text("".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


def test_the_lock_follows_requirements_as_far_as_they_are_asked_for(installed: None) -> None:
    """Extras that are asked for count, others don't; markers that are false and what is not installed are left out."""
    locked = lock_requirements(["lock_app"], serving=False)
    assert locked == {"lock-app": "1.0", "lock-deep": "6.0", "lock-lib": "2.1", "lock-speed": "3.0"}
    assert read_lock(write_lock(locked)) == locked
    assert write_lock(locked).splitlines()[0] == "lock-app==1.0"


def test_serving_needs_the_server_and_not_what_trains_or_tests() -> None:
    """Without a model of scikit-learn there is none of it in the lock; with one there is what reads it."""
    plain = lock_requirements(["polars", "numpy"])
    assert {"solvent", "polars", "uvicorn", "starlette", "msgspec", "pydantic-core"} <= set(plain)
    assert not {"pytest", "ruff", "scikit-learn", "duckdb", "pandas"} & set(plain)
    assert {"scikit-learn", "skops", "scipy", "joblib"} <= set(lock_requirements(["scikit-learn"]))
