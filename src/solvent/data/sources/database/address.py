"""The address of a database: which kind it is, how it may be shown, and what must never be."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from solvent.config import Secret
from solvent.errors import InputError, did_you_mean

__all__ = ["KINDS", "Address"]

KINDS = ("sqlite", "postgresql", "duckdb")
_EXAMPLES = "sqlite:///shop.db, postgresql://reader@host/shop, duckdb:///shop.duckdb"
_ALIASES = {"postgres": "postgresql", "sqlite3": "sqlite", "pg": "postgresql"}
_SECRET_WORDS = re.compile(r"pass|secret|token|key", re.IGNORECASE)
_MARK = "***"


class Address:
    """A database's URL as the settings say it: text, or a :class:`Secret`, which is revealed only to connect."""

    def __init__(self, said: str | Secret, root: Path) -> None:
        self._said = said
        self._root = root
        self._kind: str | None = None
        if isinstance(said, str):
            self._kind = _kind_of(said, self.shown)

    @property
    def shown(self) -> str:
        """The address as it may be recorded: the reference of a secret, or the URL without its password."""
        if isinstance(self._said, Secret):
            return self._said.to_reference()
        shown = re.sub(r"((?:^|://)[^:/@]*:)(?!//).*@", rf"\1{_MARK}@", self._said, flags=re.DOTALL)
        head, sign, tail = shown.partition("?")
        words = [
            re.sub(r"=.*", f"={_MARK}", one, flags=re.DOTALL) if _SECRET_WORDS.search(one.partition("=")[0]) else one
            for one in tail.split("&")
        ]
        return head + sign + "&".join(words)

    @property
    def kind(self) -> str:
        """``sqlite``, ``postgresql`` or ``duckdb``. Raises :class:`InputError` for anything else."""
        if self._kind is None:
            self._kind = _kind_of(self.reveal(), self.shown)
        return self._kind

    @property
    def file(self) -> Path | None:
        """The database's file, where it is one. Raises :class:`InputError` if none is named, or it is not there."""
        if self.kind == "postgresql":
            return None
        place = unquote(re.sub(r"^[^:]*://", "", self.reveal()).partition("?")[0])
        if not place.startswith("/") or place in ("/", "/:memory:"):
            scheme = self.kind
            raise InputError(
                f"database: {self.shown!r} names no file. Three slashes and a path below the project's root, as in "
                f"{scheme}:///shop.db, or four and one from the top, as in {scheme}:////data/shop.db"
            )
        path = self._root / place[1:]
        if not path.is_file():
            near = sorted(one.name for one in path.parent.iterdir()) if path.parent.is_dir() else []
            raise InputError(f"database: there is no file {path}.{did_you_mean(path.name, near)}")
        return path

    def reveal(self) -> str:
        """The whole address, to connect with; it must go nowhere else."""
        return self._said.reveal() if isinstance(self._said, Secret) else self._said

    def clean(self, text: str) -> str:
        """A message of the database without what must not be shown: a driver may repeat the address it was given."""
        text = text.replace(self.reveal(), self.shown)
        for secret in sorted(self._secrets(), key=len, reverse=True):
            if len(secret) > 2:
                text = text.replace(secret, _MARK)

            # A driver that stumbles over the address quotes the piece it could not read.
            def hide(found: re.Match[str], secret: str = secret) -> str:
                return f'"{_MARK}"' if found[1] and (found[1] in secret or secret in found[1]) else found[0]

            text = re.sub(r'"([^"]*)"', hide, text)
        return text

    def _secrets(self) -> set[str]:
        address = self.reveal()
        found = set()
        user = re.search(r"://[^:/@]*:(.*)@", address, re.DOTALL)
        if user:
            found.add(user[1])
        for name, value in parse_qsl(address.partition("?")[2]):
            if _SECRET_WORDS.search(name):
                found.add(value)
        if isinstance(self._said, Secret):
            texts = [one for one in self._said.parts if isinstance(one, str)]
            pattern = "(.*)".join(re.escape(one) for one in ["", *texts, ""])
            matched = re.fullmatch(pattern, address, re.DOTALL)
            found |= {one for one in matched.groups() if one} if matched else {address}
        return {one for secret in found for one in (secret, unquote(secret)) if one}


def _kind_of(address: str, shown: str) -> str:
    scheme, sign, _ = address.partition("://")
    word = scheme.lower().partition("+")[0]  # postgresql+psycopg://, as other tools write it
    word = _ALIASES.get(word, word)
    if sign and word in KINDS:
        return word
    if not sign:
        raise InputError(f"database: {shown!r} is no address of a database, such as {_EXAMPLES}")
    raise InputError(f"database: {word!r} is not a known kind.{did_you_mean(word, KINDS)} There are: {_EXAMPLES}")
