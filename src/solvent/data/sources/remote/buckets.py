"""Buckets of S3, Google and Azure, listed and read through obstore."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from solvent.data.sources.remote.fetching import Changed, Failed, Passing, State, persist
from solvent.data.sources.remote.options import RemoteOptions
from solvent.errors import InputError, MissingExtra

__all__ = ["Bucket", "Thing"]

_PIECE = 2**18
_WORDS = {
    "s3": {
        "endpoint": "endpoint", "region": "region", "access_key": "access_key_id",
        "secret_key": "secret_access_key", "session_token": "session_token",
    },
    "gs": {"endpoint": "base_url", "service_account": "service_account"},
    "az": {"endpoint": "endpoint", "account": "account_name", "access_key": "account_key", "sas": "sas_key"},
}  # fmt: skip
"""What the options are called by the stores."""


class Bucket:
    """One bucket: ``s3://name``, ``gs://name`` or ``az://container`` (of ``account``)."""

    def __init__(self, url: str, options: RemoteOptions) -> None:
        self.url = url
        self.options = options
        scheme = url.partition("://")[0]
        words = _WORDS[scheme]
        for name in options.named:
            if name not in words:
                raise InputError(f"{name}: {scheme}:// knows no such option. There are: {', '.join(words)}, anonymous")
        config: dict[str, Any] = {words[name]: options.text(name) for name in options.named}
        if options.anonymous:
            config["skip_signature"] = True
        if scheme == "s3" and "endpoint" in config:
            config.setdefault("region", "us-east-1")  # other makers' stores have none, and a signature needs one
        try:
            from obstore.store import from_url
        except ImportError:
            raise MissingExtra(f"{url}: this needs obstore: pip install 'solvent[remote]'") from None
        plain = str(config.get("endpoint", config.get("base_url", ""))).startswith("http://")
        connect: Any = from_url  # typed for each store apart
        silent = timedelta(seconds=options.timeout)
        client = {"allow_http": plain, "connect_timeout": silent, "read_timeout": silent, "timeout": timedelta(days=1)}
        try:  # what may pass is tried again here, so that it is counted and told in one way
            self._store: Any = connect(url, config=config, client_options=client, retry_config={"max_retries": 0})
        except Exception as error:  # what it raises depends on the store
            raise InputError(options.clean(f"{url}: {_line(error)}")) from None

    def list(self, folder: str) -> dict[str, State]:
        """Every object below a folder (of the bucket, if that is empty), in one listing."""

        def once() -> dict[str, State]:
            import obstore

            with _told():
                pages = obstore.list(self._store, prefix=folder or None, chunk_size=1000)
                return {str(one["path"]): _state(one) for page in pages for one in page}

        return persist(once, f"{self.url}/{folder}", self.options)

    def look(self, key: str) -> State | None:
        """What there is to know of one object; None if there is no such object."""

        def once() -> State | None:
            import obstore

            try:
                with _told():
                    return _state(obstore.head(self._store, key))
            except _Nothing:
                return None

        return persist(once, f"{self.url}/{key}", self.options)

    def thing(self, key: str) -> Thing:
        """One object, to be read."""
        return Thing(self._store, key, f"{self.url}/{key}")


class Thing:
    """One object of a bucket."""

    def __init__(self, store: Any, key: str, shown: str) -> None:
        self._store, self._key = store, key
        self.shown = shown

    @contextmanager
    def get(self, start: int, state: State) -> Iterator[tuple[State, int, Iterator[bytes]]]:
        """The bytes from ``start`` on, if it is still what it was."""
        import obstore

        options: dict[str, Any] = {}
        if state.tag is not None:
            options["if_match"] = state.tag
        if start:
            options["range"] = {"offset": start}
        with _told():
            answer = obstore.get(self._store, self._key, options=options)  # type: ignore[arg-type]
            now = _state(answer.meta)
        if now.differs(state):
            raise Changed
        yield now, answer.range[0], _pieces(answer)


class _Nothing(Failed):
    """There is no such object."""


@contextmanager
def _told() -> Iterator[None]:
    """What a store's error means for the next attempt."""
    import obstore.exceptions as known

    try:
        yield
    except (known.NotFoundError, FileNotFoundError):
        raise _Nothing("there is nothing. Check the address") from None
    except known.PreconditionError:
        raise Changed from None
    except (known.PermissionDeniedError, known.UnauthenticatedError, PermissionError):
        raise Failed(
            "the store does not let you. Say who asks: access_key: ${secret:NAME}, secret_key: ${secret:NAME}; or "
            "anonymous: true, where nobody needs to be known"
        ) from None
    except (known.BaseError, OSError, ValueError) as error:
        text = _line(error)
        status = re.search(r"\b(4\d\d|5\d\d) [A-Z][a-z]", text)
        if status is not None and status[1] in ("412", "416"):
            raise Changed from None
        if "NoSuchBucket" in text:
            raise Failed("there is no such bucket. Check its name, and the endpoint") from None
        if status is not None and status[1][0] == "4" and status[1] not in ("408", "425", "429"):
            raise Failed(text) from None
        if status is not None:
            raise Passing(f"the store answers {status[1]}") from None
        if re.search(r"connect|timed? ?out|reset|closed|dispatch|body|decod|incomplete|sending request", text, re.I):
            raise Passing("no connection, or it broke") from None
        raise Failed(text) from None


def _pieces(answer: Any) -> Iterator[bytes]:
    stream = iter(answer.stream(min_chunk_size=_PIECE))
    while True:
        with _told():
            piece = next(stream, None)
        if piece is None:
            return
        yield bytes(piece)


def _state(meta: Any) -> State:
    tag = meta.get("e_tag")
    strong = tag is not None and not tag.startswith("W/")
    bare = (tag or "").strip('"')
    return State(
        size=int(meta["size"]),
        tag=tag if strong else None,
        weak=None if strong else tag,
        modified=meta["last_modified"].isoformat() if tag is None else None,
        maybe=bare if re.fullmatch(r"[0-9a-f]{32}", bare) else None,
    )


def _line(error: Exception) -> str:
    """What a store says, in one line, without its programmers' details."""
    text = str(error).split("Debug source:")[0]
    return " ".join(text.split()) or type(error).__name__
