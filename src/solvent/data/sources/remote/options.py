"""Options of files that lie elsewhere: where the server is, who asks, and how patiently."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from solvent.config import Secret, validate
from solvent.errors import InputError, did_you_mean

__all__ = ["BUCKETS", "NAMES", "SCHEMES", "RemoteOptions", "check_scheme", "shown_url", "split_options"]

BUCKETS = ("s3", "gs", "az")
SCHEMES = (*BUCKETS, "http", "https")
_MARK = "***"
_SECRET_WORDS = re.compile(r"pass|secret|token|key|sig|auth|credential", re.IGNORECASE)
_TEXTS = ("endpoint", "region", "access_key", "secret_key", "session_token", "account", "service_account", "sas")
NAMES = (*_TEXTS, "anonymous", "attempts", "timeout", "headers")
_HIDDEN = ("secret_key", "session_token", "sas", "access_key", "service_account")


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """How files that lie elsewhere are asked for.

    ``endpoint``, ``region``, ``access_key``, ``secret_key``, ``session_token`` and ``anonymous`` are those of a bucket
    (``account`` and ``sas`` of Azure, ``service_account``, a file, of Google); what is not said is taken from the
    environment, as the tools of these stores do. ``headers`` go to HTTP servers. ``attempts`` is how often a request is
    tried, ``timeout`` how many seconds a server may be silent.
    """

    named: Mapping[str, str | Secret] = field(default_factory=dict)
    headers: Mapping[str, str | Secret] = field(default_factory=dict)
    anonymous: bool = False
    attempts: int = 5
    timeout: float = 60.0
    pause: float = 0.5

    def text(self, name: str) -> str | None:
        """One of the texts, a secret revealed."""
        return _revealed(self.named[name]) if name in self.named else None

    def sent(self) -> dict[str, str]:
        """The headers, secrets revealed."""
        return {name: _revealed(value) for name, value in self.headers.items()}

    def said(self) -> dict[str, Any]:
        """What tells which store is asked, as plain JSON; secrets as references, keys in plain text not at all."""
        made: dict[str, Any] = {}
        for name, value in self.named.items():
            if isinstance(value, Secret):
                made[name] = value.to_reference()
            else:
                made[name] = _MARK if name in _HIDDEN else shown_url(value)
        if self.headers:
            made["headers"] = {
                name: value.to_reference() if isinstance(value, Secret) else _MARK
                for name, value in self.headers.items()
            }
        if self.anonymous:
            made["anonymous"] = True
        return made

    def clean(self, text: str) -> str:
        """A message without any of the secrets."""
        secrets = [self.text(name) for name in _HIDDEN if name in self.named]
        for secret in sorted({one for one in (*secrets, *self.sent().values()) if one}, key=len, reverse=True):
            if len(secret) > 2:
                text = text.replace(secret, _MARK)
        return text


def shown_url(url: str) -> str:
    """A URL as it may be recorded: without a password, and without the values in its query that look like one."""
    shown = re.sub(r"^([^:/?#]+://)[^/?#]*@", rf"\1{_MARK}@", url)
    head, sign, tail = shown.partition("?")
    words = [
        re.sub(r"=.*", f"={_MARK}", one, flags=re.DOTALL) if _SECRET_WORDS.search(one.partition("=")[0]) else one
        for one in tail.split("&")
    ]
    return head + sign + "&".join(words)


def split_options(given: Mapping[str, Any]) -> tuple[RemoteOptions, dict[str, Any]]:
    """The options of the place, and those of the files. Raises :class:`InputError` for one that is wrong."""
    named: dict[str, str | Secret] = {}
    made: dict[str, Any] = {}
    rest = dict(given)
    for name in _TEXTS:
        if name in rest:
            named[name] = _secret_or_text(name, rest.pop(name))
    kinds: dict[str, Any] = {"anonymous": bool, "attempts": int, "timeout": float}
    for name, kind in kinds.items():
        if name in rest:
            try:
                made[name] = validate(rest.pop(name), kind, from_file=True)
            except ValueError as error:
                raise InputError(f"{name}: {error}") from None
    if "headers" in rest:
        headers = rest.pop("headers")
        if not isinstance(headers, Mapping):
            raise InputError("headers: expected {name: value}")
        made["headers"] = {str(name): _secret_or_text(f"headers.{name}", one) for name, one in headers.items()}
        for name in made["headers"]:
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise InputError(f"headers: {name!r} is no name of a header")
    if not 1 <= made.get("attempts", 1) <= 100:
        raise InputError(f"attempts: expected a number from 1 to 100, got {made['attempts']}")
    if not 0 < made.get("timeout", 1.0) < 86_400:
        raise InputError(f"timeout: expected seconds, got {made['timeout']!r}")
    endpoint = named.get("endpoint")
    if isinstance(endpoint, str) and urlsplit(endpoint).scheme not in ("http", "https"):
        raise InputError(f"endpoint: expected an address such as https://s3.example.org, got {endpoint!r:.80}")
    return RemoteOptions(named=named, **made), rest


def check_scheme(url: str) -> str:
    """The scheme of a URL. Raises :class:`InputError` for one that is not read."""
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        near = did_you_mean(scheme, SCHEMES)
        known = ", ".join(f"{one}://" for one in SCHEMES)
        raise InputError(f"{shown_url(url)}: {scheme}:// is not read.{near} There are: {known}")
    return scheme


def _secret_or_text(name: str, value: Any) -> str | Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, (str, int, float)) or isinstance(value, bool) or "\n" in str(value) or "\r" in str(value):
        raise InputError(f"{name}: expected text in one line, or ${{secret:NAME}}")
    return str(value)


def _revealed(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
