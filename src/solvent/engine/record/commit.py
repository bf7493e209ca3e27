"""Which code: the commit that is checked out, and the changes to tracked source that are not committed yet."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["CommitReader"]

_SOURCE = ("*.py", "*.pyi", "*.ipynb", "*.sql", "*.toml", "*.yaml", "*.yml", "*.cfg", "*.md")
_SECRET = re.compile(
    r"(?i)(-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\b(?:api[_-]?key|secret|token|passw(?:or)?d)\b\s*[:=]\s*['\"]?[^\s'\"]{8,}|://[^/\s:@]+:[^/\s@]+@)"
)
_LONGEST = 2_000_000


class CommitReader:
    """Asks git in the background, so that a run need not wait for it until it ends."""

    def __init__(self, root: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._commit = None
        folder = next((one for one in (root, *root.parents) if (one / ".git").exists()), None)
        if folder is None:
            return
        self._commit = _head(folder / ".git")
        if self._commit is None:
            return
        command = ["git", "-C", str(root), "--no-optional-locks", "diff", "--no-ext-diff", "--no-color", "HEAD", "--"]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        try:
            self._process = subprocess.Popen(
                [*command, *_SOURCE],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        except OSError:
            self._process = None

    def result(self) -> dict[str, Any]:
        """``commit`` and ``diff`` (lines that look like secrets masked); empty where there is no repository."""
        if self._commit is None:
            return {}
        found: dict[str, Any] = {"commit": self._commit}
        if self._process is not None:
            try:
                out, _ = self._process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                self._process = None
                return found
            self._process = None
            text = out[:_LONGEST].decode("utf-8", "replace")
            found["dirty"] = bool(text)
            found["diff"] = "\n".join(_masked(line) for line in text.split("\n"))
        return found

    def close(self) -> None:
        """Stop asking, if nobody took the answer."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _masked(line: str) -> str:
    return f"{line[:1]}*** (a line that looks like a secret)" if _SECRET.search(line) else line


def _head(git: Path) -> str | None:
    """The commit that HEAD points at, read from git's own files."""
    try:
        if git.is_file():  # a worktree or a submodule
            git = (git.parent / git.read_text().partition("gitdir:")[2].strip()).resolve()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head[5:]
        common = git
        if (git / "commondir").exists():
            common = (git / (git / "commondir").read_text().strip()).resolve()
        for folder in (git, common):
            if (folder / name).exists():
                return (folder / name).read_text().strip()
        for line in (common / "packed-refs").read_text().splitlines():
            if line.endswith(" " + name):
                return line.split(" ")[0]
    except OSError:
        return None
    return None
