"""Finding files that lie elsewhere: objects of a bucket by a pattern, and what lies at URLs."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from solvent.data.sources.files import Found
from solvent.data.sources.remote.buckets import Bucket
from solvent.data.sources.remote.cache import Cache
from solvent.data.sources.remote.fetching import Remote, State, fetch, persist
from solvent.data.sources.remote.options import BUCKETS, RemoteOptions, check_scheme, shown_url
from solvent.data.sources.remote.pages import Page
from solvent.errors import InputError, did_you_mean

__all__ = ["RemoteFiles"]


class RemoteFiles:
    """Files at URLs and in buckets, as one finder; each is copied here when it is first opened."""

    def __init__(self, patterns: Sequence[str], options: RemoteOptions, cache: Cache) -> None:
        for one in patterns:
            check_scheme(one)
        self._patterns = list(patterns)
        self._options = options
        self._cache = cache
        self._buckets: dict[str, Bucket] = {}
        self._once: dict[str, Path] = {}

    def describe(self) -> dict[str, Any]:
        """The patterns as the settings say them, and who is asked; no secret."""
        return {"kind": "files", "files": [shown_url(one) for one in self._patterns], **self._options.said()}

    def find(self) -> list[Found]:
        """The files, each once. Raises :class:`InputError` for a pattern that names none, or a server that fails."""
        found: dict[str, Found] = {}
        for pattern in self._patterns:
            made = self._objects(pattern) if check_scheme(pattern) in BUCKETS else [self._page(pattern)]
            found.update({one.label: one for one in made})
        return [found[label] for label in sorted(found, key=os.fsencode)]

    def folder(self) -> Path | None:
        """None: no folder of this machine is named."""
        return None

    def _page(self, url: str) -> Found:
        page = Page(url, self._options)
        state = persist(page.look, page.shown, self._options)
        name = unquote(urlsplit(url).path).rpartition("/")[2] or "index"
        return self._found(_label(page.shown), url, name, state, lambda: page)

    def _objects(self, pattern: str) -> list[Found]:
        bucket, key = self._bucket(pattern)
        found: dict[str, State] = {}
        wild = re.search(r"[*?\[]", key)
        if wild is None and key and not key.endswith("/"):
            state = bucket.look(key)
            if state is not None:
                found = {key: state}
        if not found and wild is None:
            folder = key.strip("/")
            found = {name: one for name, one in bucket.list(folder).items() if _seen(name, folder)}
        elif wild is not None:
            fits = re.compile(_pattern(key))
            listed = bucket.list(key[: wild.start()].rpartition("/")[0])
            found = {name: one for name, one in listed.items() if fits.fullmatch(name)}
        found = {name: one for name, one in found.items() if not name.endswith("/")}
        if not found:
            raise InputError(_nothing(bucket, key))
        return [
            self._found(f"{bucket.url}/{name}", f"{bucket.url}/{name}", name.rpartition("/")[2], state,
                        functools.partial(bucket.thing, name))
            for name, state in found.items()
        ]  # fmt: skip

    def _bucket(self, pattern: str) -> tuple[Bucket, str]:
        scheme, _, rest = pattern.partition("://")
        name, _, key = rest.partition("/")
        if not name or re.search(r"[*?\[]", name):
            raise InputError(f"{pattern}: expected {scheme}://bucket/path")
        url = f"{scheme.lower()}://{name}"
        if url not in self._buckets:
            self._buckets[url] = Bucket(url, self._options)
        return self._buckets[url], key

    def _found(self, label: str, url: str, name: str, state: State, make: Callable[[], Remote]) -> Found:
        def fill(into: Path) -> None:
            fetch(make(), state, into, self._options)

        def opened() -> Path:
            if state.version is not None:
                where = [self._options.text(one) for one in ("endpoint", "account")]
                return self._cache.place(f"{where} {url} {state.version}", name, fill)
            if url not in self._once:  # nothing tells its version, so it is read once for as long as this source lives
                self._once[url] = self._cache.place(f"{url} {os.urandom(16).hex()}", name, fill)
            return self._once[url]

        return Found(label, state.version, opened, state.size)


def _label(url: str) -> str:
    """What a page is called: its address, whose end tells the format, and before that what was asked of it.

    A question such as ``?year=2013`` must not look like a folder, which would be a column.
    """
    place, sign, asked = url.partition("?")
    head, _, name = place.rpartition("/")
    return f"{head}/{asked.replace('/', '%2F').replace('=', '%3D')}/{name}" if sign and name else url


def _pattern(key: str) -> str:
    """A pattern as a regular expression: ``*`` and ``?`` stay within a folder, ``**`` does not."""
    made = ""
    for word in re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|.", key, re.DOTALL):
        if word == "**/":
            made += "(?:.*/)?"
        elif word == "**":
            made += ".*"
        elif word == "*":
            made += "[^/]*"
        elif word == "?":
            made += "[^/]"
        elif word.startswith("[") and len(word) > 1:
            signs = re.sub(r"([\\\[\]])", r"\\\1", word[1:-1].lstrip("!^"))
            made += f"[{'^' * (word[1] in '!^')}{signs}]"
        else:
            made += re.escape(word)
    return made


def _seen(key: str, folder: str) -> bool:
    """Whether an object counts as a file of a folder: those whose name hides them do not."""
    below = key[len(folder) :].strip("/") if folder else key
    return not any(part.startswith((".", "_")) for part in below.split("/"))


def _nothing(bucket: Bucket, key: str) -> str:
    """What is there instead, by the names in the folder above."""
    wild = re.search(r"[*?\[]", key)
    known = key[: wild.start()] if wild else key
    folder = known.rstrip("/").rpartition("/")[0]
    names = sorted(bucket.list(folder))
    told = f"{bucket.url}/{key} is no object, and no pattern that fits one."
    if not names:
        return f"{told} There is nothing below {bucket.url}/{folder}"
    hint = did_you_mean(key, names[:10_000])
    return told + (hint or f" Below {bucket.url}/{folder} there are: {', '.join(names[:5])}{' …' * (len(names) > 5)}")
