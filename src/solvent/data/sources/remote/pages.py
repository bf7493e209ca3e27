"""HTTP: one URL, asked with the standard library; redirects stay on the web, and take no secret elsewhere."""

from __future__ import annotations

import base64
import email.utils
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from solvent.data.sources.remote.fetching import Changed, Failed, Passing, State
from solvent.data.sources.remote.options import RemoteOptions, shown_url
from solvent.errors import InputError

__all__ = ["Page"]

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_REDIRECTS = 5
_PIECE = 1 << 20
_RACY = 2.0
_AGENT = "solvent"


class Page:
    """What lies at a URL."""

    def __init__(self, url: str, options: RemoteOptions) -> None:
        parts = urlsplit(url)
        try:
            port, host = parts.port, parts.hostname
        except ValueError as error:
            raise InputError(f"{shown_url(url)}: {error}") from None
        if not host:
            raise InputError(f"{shown_url(url)} names no server")
        self._headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity", **options.sent()}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        place = f"[{host}]" if ":" in host else host
        place += f":{port}" if port else ""
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        self._url = urlunsplit((parts.scheme, place, path, quote(parts.query, safe="/?%:@!$&'()*+,;=~-._"), ""))
        self._options = options
        self._open = urllib.request.OpenerDirector()
        for one in (
            urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
            urllib.request.HTTPErrorProcessor(), urllib.request.HTTPDefaultErrorHandler(), _Redirects(),
        ):  # fmt: skip
            self._open.add_handler(one)
        self.shown = shown_url(url)

    def look(self) -> State:
        """What the server says of it, without its bytes; nothing, where it does not answer to such a question."""
        with self._asked("HEAD", {}) as answer:
            return State() if answer is None else _state(answer.headers)

    @contextmanager
    def get(self, start: int, state: State) -> Iterator[tuple[State, int, Iterator[bytes]]]:
        """The bytes from ``start`` on, if it is still what it was."""
        headers = {}
        if state.tag is not None:
            headers["If-Match"] = state.tag
        if start:
            headers["Range"] = f"bytes={start}-"
        with self._asked("GET", headers) as answer:
            assert answer is not None
            now = _state(answer.headers)
            if now.differs(state):
                raise Changed
            begin = start if answer.status == 206 else 0
            yield now, begin, _pieces(answer)

    @contextmanager
    def _asked(self, method: str, more: dict[str, str]) -> Iterator[Any]:
        request = urllib.request.Request(self._url, headers={**self._headers, **more}, method=method)
        try:
            answer = self._open.open(request, timeout=self._options.timeout)
        except urllib.error.HTTPError as error:
            with error:
                if method == "HEAD" and error.code in (400, 403, 405, 501):
                    yield None
                    return
                raise _told(error) from None
        except _Refused as error:
            raise Failed(str(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise _broken(error) from None
        with answer:
            packed = answer.headers.get("Content-Encoding", "identity")
            if packed.lower() != "identity" and method == "GET":
                raise Failed(f"the server sends it packed ({packed}) though it was asked not to")
            yield answer


class _Refused(Exception):
    """A redirect that is not followed."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects to web addresses only, not from https to http, and without the headers for the first server."""

    max_redirections = _MOST_REDIRECTS
    max_repeats = 2

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        was, now = urlsplit(req.full_url), urlsplit(newurl)
        if now.scheme not in ("http", "https") or (was.scheme == "https" and now.scheme == "http"):
            raise _Refused(f"it leads on to {shown_url(newurl)}, which is not followed: {now.scheme}:// is less safe")
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is None:
            return None
        made.method = req.get_method()
        if (was.scheme, was.netloc) != (now.scheme, now.netloc):
            kept = {"User-agent", "Accept-encoding", "Range", "If-match"}
            made.headers = {name: value for name, value in made.headers.items() if name in kept}
        return made

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Follow, or say that it is not the web, or goes round in a circle."""
        place = headers.get("location") or headers.get("uri") or ""
        if urlsplit(place).scheme not in ("", "http", "https"):
            raise _Refused(f"it leads on to {urlsplit(place).scheme}://…, which is not followed")
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except urllib.error.HTTPError as error:
            if "redirect" in str(error.msg):
                raise _Refused(f"it leads on from place to place, more than {_MOST_REDIRECTS} times") from None
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _pieces(answer: Any) -> Iterator[bytes]:
    while True:
        try:
            piece = answer.read(_PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise _broken(error) from None
        if not piece:
            return
        yield piece


def _told(error: urllib.error.HTTPError) -> Exception:
    """What a status means for the next attempt."""
    said = f"the server answers {error.code} ({error.reason})"
    if error.code in _PASSING:
        return Passing(said, _seconds(error.headers.get("Retry-After")))
    if error.code in (412, 416):
        return Changed()
    if error.code in (401, 403, 407):
        return Failed(f"{said}. Say who asks, as in headers: {{Authorization: 'Bearer ${{secret:TOKEN}}'}}")
    if error.code in (404, 410):
        return Failed(f"{said}: there is nothing. Check the address")
    return Failed(said)


def _broken(error: Exception) -> Exception:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return Passing("the server is silent")
    kind = type(reason).__name__
    if "SSL" in kind:
        return Failed(f"the connection is not safe: {reason}")
    if isinstance(reason, http.client.IncompleteRead):
        return Passing("the connection broke before the end")
    if isinstance(reason, http.client.HTTPException):
        return Passing(f"the server's answer is none ({kind})")
    return Passing(f"no connection ({reason})")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None


def _state(headers: Any) -> State:
    size = headers.get("Content-Length")
    whole = headers.get("Content-Range", "").rpartition("/")[2]
    size = whole if whole.isdigit() else size
    tag = headers.get("ETag")
    strong = tag is not None and not tag.startswith("W/")
    digest = headers.get("Content-MD5")
    return State(
        size=int(size) if size and size.isdigit() else None,
        tag=tag if strong else None,
        weak=None if strong else tag,
        modified=_modified(headers),
        md5=_hex(digest) if digest and not whole else None,
    )


def _modified(headers: Any) -> str | None:
    """The time of the last change; None while that was just now, since it has no fractions of a second."""
    said, now = headers.get("Last-Modified"), headers.get("Date")
    if not said:
        return None
    try:
        changed = email.utils.parsedate_to_datetime(said).timestamp()
        asked = email.utils.parsedate_to_datetime(now).timestamp() if now else time.time()
    except ValueError:
        return None
    return said if asked - changed >= _RACY else None


def _hex(digest: str) -> str | None:
    try:
        made = base64.b64decode(digest, validate=True)
    except ValueError:
        return None
    return made.hex() if len(made) == 16 else None
