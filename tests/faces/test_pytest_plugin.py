"""The plug-in for pytest: a project of its own for a test, and no recording by accident."""

from __future__ import annotations

import subprocess
import sys
import textwrap

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


@pytest.mark.slow
def test_a_block_records_also_if_the_fixture_was_there_first(tmp_path):
    """In a process of its own: the first test has the fixture and a block within, the second a block alone."""
    (tmp_path / "test_order.py").write_text(
        textwrap.dedent(
            """
            import solvent as sv

            @sv.step
            def double(x: int) -> int:
                return 2 * x

            def test_first(project):
                with project:
                    double(1)
                assert len(project.runs()[0].steps) == 1

            def test_second(tmp_path):
                with sv.open(tmp_path) as made:
                    double(2)
                assert len(made.runs()[0].steps) == 1
            """
        )
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout
