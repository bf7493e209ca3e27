"""Keys, tokens and passwords in a notebook: found by their form and by how random they look, never shown in full."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from solvent.notebook.checking.findings import Finding
from solvent.notebook.reading.cells import Notebook

__all__ = ["find_secrets", "mask", "secrets_of"]

_FORMS = {
    "an access key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{18,}",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{30,}",
    "a key of an API": r"\bsk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}",
    "a key of Stripe": r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a key of Google": r"\bAIza[0-9A-Za-z_-]{35}",
    "a token of npm": r"\bnpm_[A-Za-z0-9]{36}",
    "a token of PyPI": r"\bpypi-[A-Za-z0-9_-]{40,}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "a signed token (JWT)": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}",
    "a key of a storage account": r"\bAccountKey=[A-Za-z0-9+/=]{40,}",
}
_PATTERNS = {name: re.compile(form) for name, form in _FORMS.items()}
_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:(?P<value>[^\s/@'\"{}$<>*]{3,})@")
_NAMED = re.compile(
    r"(?i)(?P<name>[\w.\-]*(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"auth[_-]?key|credential)[\w\-]*)['\"]?\]?\s*(?::\s*\w+\s*)?[=:]\s*[rbuf]?(?P<quote>['\"])(?P<value>[^'\"\n]{6,})(?P=quote)"
)
_LOOSE = re.compile(r"(?P<quote>['\"])(?P<value>[A-Za-z0-9+/_=-]{32,200})(?P=quote)")
_PLACEHOLDER = re.compile(
    r"(?i)^(?:.*(?:your|my|some|example|dummy|changeme|change[_-]me|place.?holder|x{3}|\.\.\.|\*\*\*|to.?do|insert|enter|"
    r"<[^>]*>|\$\{|\{\w+\}|redacted|hidden|here).*|test|none|null|password|secret|token|[a-z]+)$"
)
_NOT_SECRET = re.compile(r"(?i)(tokeni|_tokens?_?(len|count|id|num|max)|token_(type|pattern)|pad_token|mask_token)")
_SHORTEST = 3.5  # bits a character, of a named value; words have less
_LOOSEST = 4.6  # of a value without such a name; hexadecimal digests have 4 at most


def entropy(text: str) -> float:
    """Bits a character, from how often each occurs."""
    counts = [text.count(one) for one in set(text)]
    return -sum(one / len(text) * math.log2(one / len(text)) for one in counts) if text else 0.0


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret cut to what tells it from others."""
    for one in sorted(secrets, key=len, reverse=True):
        text = text.replace(one, _short(one))
    return text


def _short(value: str) -> str:
    return "****" if len(value) < 16 or value.startswith("-") else f"{value[:4]}****"


def find_secrets(notebook: Notebook) -> Iterator[Finding]:
    """Secrets in cells of every kind and in what they showed."""
    for cell in notebook.cells:
        for what, value, line in secrets_in(cell.source, code=cell.is_code):
            yield Finding(
                "secret", "fault", cell.number if cell.is_code else None, line if cell.is_code else None,
                f"{what} stands here in full ({_short(value)})" + ("" if cell.is_code else
                                                                  f", in the text above cell {cell.number}"),
                "take it out, read it from the environment (os.environ) or a keyring, and revoke it: what was saved "
                "once may be in copies and in the history",
            )  # fmt: skip
        for what, value in dict.fromkeys((what, value) for what, value, _ in secrets_in(_shown(cell.outputs), False)):
            yield Finding(
                "secret", "fault", cell.number, None, f"its saved output shows {what} ({_short(value)})",
                "clear the output, do not print it, and revoke it",
            )  # fmt: skip


def secrets_of(notebook: Notebook) -> frozenset[str]:
    """The values of all secrets, so that nothing shows them."""
    texts = [(one.source, one.is_code) for one in notebook.cells]
    texts += [(_shown(one.outputs), False) for one in notebook.cells]
    return frozenset(value for text, code in texts for _, value, _ in secrets_in(text, code))


def secrets_in(text: str, code: bool) -> Iterator[tuple[str, str, int]]:
    """What, value and line of each secret in a text; of code also those that only look like one."""
    seen: set[str] = set()
    for line, words in enumerate(text.split("\n"), 1):
        if len(words) > 20_000:  # embedded data
            continue
        for what, value in _in_line(words, code):
            if value not in seen:
                seen.add(value)
                yield what, value, line


def _in_line(words: str, code: bool) -> Iterator[tuple[str, str]]:
    found: list[str] = []
    for what, pattern in _PATTERNS.items():
        for hit in pattern.finditer(words):
            if "EXAMPLE" not in hit[0]:
                found.append(hit[0])
                yield what, hit[0]
    for hit in _IN_URL.finditer(words):
        if not _PLACEHOLDER.match(hit["value"]) or hit["value"].lower() == "secret":
            found.append(hit["value"])
            yield "the password in an address", hit["value"]
    if not code:
        return
    for hit in _NAMED.finditer(words):
        value = hit["value"]
        if any(one in value or value in one for one in found) or _NOT_SECRET.search(hit["name"]):
            continue
        if not _PLACEHOLDER.match(value) and " " not in value and _looks_chosen(value):
            found.append(value)
            yield f"the value of {hit['name']}", value
    for hit in _LOOSE.finditer(words):
        value = hit["value"]
        mixed = all(re.search(one, value) for one in ("[a-z]", "[A-Z]", "[0-9]"))
        if mixed and entropy(value) >= _LOOSEST and not any(one in value or value in one for one in found):
            yield "a value that looks like a key", value


def _looks_chosen(value: str) -> bool:
    """Whether a value is no word, path or address: it has digits or signs, or is random."""
    if re.match(r"^(?:https?://|[./~\\])|.*\.(?:json|txt|csv|pem|ya?ml|env|toml|ini|key)$|[\d.]+$", value):
        return False
    return bool(re.search(r"[^A-Za-z_.\-]", value)) or entropy(value) >= _SHORTEST + 0.3


def _shown(outputs: Iterable[Mapping[str, Any]]) -> str:
    parts: list[str] = []
    for one in outputs:
        data = one.get("data", {})
        for text in (one.get("text"), data.get("text/plain"), data.get("text/html")):
            if text is not None:
                parts.append(text if isinstance(text, str) else "".join(map(str, text)))
    return "\n".join(parts)[:1_000_000]
