"""A session of IPython in this process, in a folder of its own."""

from __future__ import annotations

import sys

import pytest


class Session:
    """Runs cells as a notebook does, and asks what was recorded of them."""

    def __init__(self, shell):
        self.shell = shell

    def run(self, *cells):
        """Run cells, all of which must succeed; the last one's value."""
        result = None
        for cell in cells:
            result = self.shell.run_cell(cell, store_history=True)
            assert result.success, cell
        return result.result

    def fails(self, cell):
        """Run a cell that must fail; its error."""
        result = self.shell.run_cell(cell, store_history=True)
        assert not result.success
        return result.error_in_exec or result.error_before_exec

    @property
    def steps(self):
        """The step runs of the last run, by name."""
        import solvent as sv

        return {step.name: step for step in sv.open().run().steps}


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A session that is tracked in a new project."""
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setattr("solvent.notebook.magic.tracking.BUDGET", 1.0)  # a busy machine must not decide a test
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    made = Session(shell)
    made.run("%load_ext solvent")
    yield made
    from solvent.notebook.magic import unload

    unload(shell)
    InteractiveShell.clear_instance()
