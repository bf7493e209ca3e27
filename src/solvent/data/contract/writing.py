"""A contract as plain JSON, and as YAML that a person reviews: one demand a line, what was seen beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from solvent.data.contract.parts import CONTRACT, Column, Demand, Parts, Rule

__all__ = ["write_json", "write_yaml"]

_PLAIN = r"(?a)[A-Za-z_][A-Za-z0-9_.\-]*(?:\[(?:ms|us|ns)\])?"
_MEANT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan"})
_BESIDE = 44
"""Where comments begin, so that they stand below one another."""
_WIDEST = 160
Body = dict[str, Any]


def write_json(parts: Parts) -> Body:
    """The contract as plain JSON: what ``Contract.from_json`` reads."""
    body: Body = {"contract": CONTRACT}
    for one in parts.demands:
        if one.kind == "together":
            said = _said(one)
            if isinstance(said, dict):
                said = {"columns": said.pop("is"), **said}
            body.setdefault("unique", []).append(said)
        else:
            body[one.kind] = _said(one)
    if parts.extra != "allow":
        body["extra"] = parts.extra
    if parts.columns:
        body["columns"] = {one.name: _column(one) for one in parts.columns}
    if parts.rules:
        body["rules"] = [_rule(one) for one in parts.rules]
    return body


def _column(column: Column) -> Body:
    required = Demand("required", True)
    return {one.kind: _said(one) for one in column.demands if one != required}


def _rule(rule: Rule) -> Body:
    body: Body = {"name": rule.name}
    if rule.when is not None:
        body["when"] = rule.when
    return {**body, "check": rule.check, **_besides(rule.severity, rule.others)}


def _besides(severity: str, others: float) -> Body:
    found: Body = {} if severity == "fail" else {"severity": severity}
    return {**found, "others": others} if others else found


def _said(demand: Demand) -> Any:
    more = _besides(demand.severity, demand.others)
    if not more:
        return demand.value
    return {**demand.value, **more} if isinstance(demand.value, dict) else {"is": demand.value, **more}


def write_yaml(parts: Parts, notes: Mapping[str, str]) -> str:
    """The contract as YAML; ``notes`` by path (``rows``, ``columns.x.min``) become comments."""
    lines: list[str] = [_line("contract", _flow(CONTRACT), notes.get("contract"))]
    body = write_json(parts)
    for name in ("rows", "key", "unique", "freshness", "extra"):
        if name in body:
            lines.append(_line(name, _flow(body[name]), notes.get(name)))
        elif name in notes:
            lines.append(f"# {_comment(notes[name])}")
    if parts.columns:
        lines.extend(["", "columns:"])
    for name, column in body.get("columns", {}).items():
        path = f"columns.{name}"
        lines.append(_line(f"  {_text(name)}", "" if column else "{}", notes.get(path)))
        lines.extend(_line(f"    {kind}", _flow(value), notes.get(f"{path}.{kind}")) for kind, value in column.items())
    if parts.rules:
        lines.extend(["", "rules:"])
    for rule in body.get("rules", []):
        for place, (name, value) in enumerate(rule.items()):
            lines.append(_line(f"  {'-' if place == 0 else ' '} {name}", _flow(value), None))
    return "\n".join(lines) + "\n"


def _line(key: str, value: str, note: str | None) -> str:
    line = f"{key}: {value}".rstrip()
    return f"{line.ljust(_BESIDE)}  # {_comment(note)}".rstrip() if note else line


def _comment(text: str) -> str:
    """Text of the data within a comment: nothing in it can end the line or move the cursor."""
    shown = "".join(sign if sign.isprintable() else "·" for sign in text)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(str(name))}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    """Text that YAML reads as that text: bare where nothing else could be meant, else in double quotes."""
    if re.fullmatch(_PLAIN, text) and text.lower() not in _MEANT:
        return text
    return '"' + "".join(_sign(one) for one in text) + '"'


def _sign(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable() and sign != "\ufeff":
        return sign
    code = ord(sign)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
