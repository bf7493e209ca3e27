"""The plug-in for pytest: a project of its own for a test, and no recording by accident."""

from __future__ import annotations

import pytest

import solvent as sv


@sv.step
def double(x: int) -> int:
    """Twice."""
    return 2 * x


@sv.pipeline
def flow(x: int) -> int:
    """One step."""
    return double(x)


def test_the_project_is_the_tests_own(project, tmp_path):
    """Runs land in a temporary archive, whether the project is handed over or not."""
    assert sv.run(flow, inputs={"x": 2}, project=project).value() == 4
    assert sv.run(flow, inputs={"x": 3}).value() == 6
    assert [run.pipeline for run in project.runs()] == ["flow", "flow"]
    assert project.root.is_relative_to(tmp_path)


def test_the_next_project_is_empty(project):
    """Nothing of one test reaches the next."""
    assert project.runs() == []


def test_a_call_of_a_step_is_a_call_of_its_function(project):
    """Within the fixture eager calls are not recorded, even where recording was switched on before."""
    assert double(4) == 8
    assert project.runs() == []


@pytest.fixture
def recording(tmp_path):
    """A script's own `with sv.open()` around everything."""
    with sv.open(tmp_path) as outer:
        yield outer


def test_recording_from_outside_is_switched_off(recording, project):
    """A kernel or block that records does not record what a test calls."""
    assert double(5) == 10
    assert all(not run.steps for run in recording.runs())
