"""A secret: settings, plans, keys and records hold its reference only; its text is fetched when it is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from solvent.errors import MissingExtra, SettingsError

__all__ = ["Resolver", "Secret", "SecretName", "from_environment", "joined", "masked", "secret_resolver", "secrets_in"]

Resolver = Callable[[str], str]

_REFERENCE = r"\$\$\{|\$\{secret:([^{}:]*)(?::([^{}]*))?\}"
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_HIDDEN = "***"
_SHORTEST = 4
_REVEALED: set[str] = set()


class SecretName(tuple[str, str | None]):
    """The place of one secret inside a text: its name, and what stands there if no such secret is known."""

    __slots__ = ()


class Secret:
    """A text that holds a secret, known by its reference: ``Secret("${secret:CRM_TOKEN}")``.

    It shows as ``***`` everywhere, equals another of the same reference, and cannot be pickled. ``reveal()``
    gives the text, fetched anew each time.
    """

    __slots__ = ("_parts", "_resolver")
    _parts: tuple[str | SecretName, ...]
    _resolver: Resolver | None

    def __init__(self, reference: str | Sequence[str | SecretName], resolver: Resolver | None = None) -> None:
        parts = _split(reference) if isinstance(reference, str) else tuple(reference)
        names = [part[0] for part in parts if isinstance(part, SecretName)]
        if not names:
            raise ValueError("a Secret is made from its reference, ${secret:NAME}, never from its text")
        for name in names:
            if not re.fullmatch(_NAME, name):
                raise ValueError(f"a secret cannot be called {name!r}: letters, digits, '_', '-' and '.' make a name")
        object.__setattr__(self, "_parts", parts)
        object.__setattr__(self, "_resolver", resolver)

    def reveal(self, resolver: Resolver | None = None) -> str:
        """The text itself. Without a resolver, here or when it was loaded, the environment is asked."""
        resolve = resolver or self._resolver or from_environment
        found = []
        for part in self._parts:
            if not isinstance(part, SecretName):
                found.append(part)
                continue
            name, default = part
            try:
                value = resolve(name)
            except LookupError:
                if default is None:
                    raise SettingsError(
                        f"the secret {name!r} is not to be found where this project keeps its secrets. Set it there, "
                        f"or say under 'secrets' in solvent.toml where it is (the environment, if nothing is said)."
                    ) from None
                found.append(default)
                continue
            _remember(value)
            found.append(value)
        return "".join(found)

    def to_reference(self) -> str:
        """The reference, which may be stored: ``postgresql://reader:${secret:PW}@db/shop``."""
        return "".join(
            (f"${{secret:{part[0]}}}" if part[1] is None else f"${{secret:{part[0]}:{part[1]}}}")
            if isinstance(part, SecretName)
            else part.replace("${", "$${")
            for part in self._parts
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the secrets that the text is made of."""
        return tuple(dict.fromkeys(part[0] for part in self._parts if isinstance(part, SecretName)))

    @property
    def parts(self) -> tuple[str | SecretName, ...]:
        """The texts and names that it is made of, in order."""
        return self._parts

    def __eq__(self, other: object) -> bool:
        return self._parts == other._parts if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._parts))

    def __repr__(self) -> str:
        return _HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(_HIDDEN, spec)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; hand on its to_reference()")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        as_json = core_schema.plain_serializer_function_ser_schema(lambda one: one.to_reference(), when_used="json")
        return core_schema.is_instance_schema(cls, serialization=as_json)


def secrets_in(value: Any) -> Iterator[Secret]:
    """Every secret in a setting, however deep in lists, mappings and records it lies."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from secrets_in(part)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from secrets_in(part)
    elif not isinstance(value, type) and (hasattr(value, "__dataclass_fields__") or hasattr(value, "model_fields_set")):
        names = [*getattr(value, "__dict__", ()), *getattr(value, "__dataclass_fields__", ())]  # slots have no dict
        for name in dict.fromkeys(names):
            yield from secrets_in(getattr(value, name, None))


def masked(text: str) -> str:
    """The text with ``***`` for every secret that was revealed in this process, plain or quoted as in an address.

    Whatever is recorded of what the user's code says goes through here: an exception of a driver often holds its
    password. Secrets of fewer than four characters are left, since they would blot out what only looks like them.
    """
    for one in sorted(_REVEALED, key=len, reverse=True) if _REVEALED else ():
        text = text.replace(one, _HIDDEN)
    return text


def _remember(text: str) -> None:
    from urllib.parse import quote, quote_plus

    for one in (text, quote(text, safe=""), quote(text), quote_plus(text), repr(text)[1:-1], *text.splitlines()):
        if len(one) >= _SHORTEST:
            _REVEALED.add(one)


def _split(text: str) -> tuple[str | SecretName, ...]:
    parts: list[str | SecretName] = []
    place = 0
    for found in re.finditer(_REFERENCE, text):
        parts.append(text[place : found.start()])
        place = found.end()
        parts.append("${" if found[0] == "$${" else SecretName((found[1], found[2])))
    parts.append(text[place:])
    return joined(parts)


def joined(parts: Sequence[str | SecretName]) -> tuple[str | SecretName, ...]:
    """The same parts with neighbouring texts joined and empty ones left out."""
    made: list[str | SecretName] = []
    for part in parts:
        if not isinstance(part, SecretName) and made and not isinstance(made[-1], SecretName):
            made[-1] = str(made[-1]) + part
        elif part or isinstance(part, SecretName):
            made.append(part)
    return tuple(made)


# -- where secrets are kept: each source gives the text, or raises LookupError -------------------------------------


def secret_resolver(said: Any, root: Path) -> Resolver:
    """What resolves names as a project's ``secrets`` say; a list of sources is asked in order.

    ``"environment"``, ``{"file": PATH}`` (lines ``NAME=value``), ``{"folder": PATH}`` (a file per secret),
    ``{"keyring": SERVICE}`` or ``{"command": [PROGRAM, "{name}"]}``. Raises ``ValueError`` for anything else.
    """
    sources = [_source(one, root) for one in (said if isinstance(said, list) else [said])]
    if not sources:
        raise ValueError("'secrets' is an empty list; leave it out to ask the environment")

    def resolve(name: str) -> str:
        if not re.fullmatch(_NAME, name):
            raise LookupError(name)
        for source in sources:
            try:
                return source(name)
            except LookupError:
                continue
        raise LookupError(name)

    return resolve


def _source(said: Any, root: Path) -> Resolver:
    if said in ("environment", "env"):
        return from_environment
    if isinstance(said, Mapping) and len(said) == 1:
        [(kind, value)] = said.items()
        if kind in ("file", "folder", "keyring") and isinstance(value, str) and value:
            if kind == "keyring":
                return lambda name: _from_keyring(value, name)
            path = root / Path(value).expanduser()
            return (lambda name: _from_file(path, name)) if kind == "file" else (lambda name: _from_folder(path, name))
        if kind == "command" and isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            return lambda name: _from_command(value, name, root)
    raise ValueError(
        "'secrets' is 'environment', {file = PATH}, {folder = PATH}, {keyring = SERVICE}, "
        "{command = [PROGRAM, '{name}']}, or a list of these"
    )


def from_environment(name: str) -> str:
    """The environment variable of this name."""
    return os.environ[name]


def _from_file(path: Path, name: str) -> str:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise LookupError(name) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the file of secrets {path} cannot be read: {type(error).__name__}") from None
    for line in reversed(lines):
        key, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and key.strip() == name and not line.lstrip().startswith("#"):
            value = value.strip()
            return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    raise LookupError(name)


def _from_folder(path: Path, name: str) -> str:
    try:
        text = (path / name).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise LookupError(name) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the secret {name!r} in {path} cannot be read: {type(error).__name__}") from None
    return text.removesuffix("\n").removesuffix("\r")


def _from_keyring(service: str, name: str) -> str:
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise MissingExtra("secrets in a keyring need the package 'keyring': pip install keyring") from None
    found = keyring.get_password(service, name)
    if found is None:
        raise LookupError(name)
    return str(found)


def _from_command(command: list[str], name: str, root: Path) -> str:
    import subprocess

    asked = [part.replace("{name}", name) for part in command]
    if asked == command:
        asked = [*command, name]
    try:
        done = subprocess.run(asked, capture_output=True, cwd=root, timeout=60, check=False, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            return done.stdout.decode("utf-8").removesuffix("\n").removesuffix("\r")
        problem = f"ended with exit code {done.returncode}"
    except subprocess.TimeoutExpired:
        problem = "took longer than 60 seconds"
    except (OSError, UnicodeDecodeError) as error:
        problem = type(error).__name__
    raise SettingsError(f"the command that gives the secret {name!r} ({command[0]}) failed: {problem}")
