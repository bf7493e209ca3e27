"""A secret never leaves its reference: not by text, records, copies, pickles or tracebacks."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import stat
import traceback
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from solvent.config import Secret, Setting, bind, load_settings, validate
from solvent.config.secret import secret_resolver
from solvent.errors import MissingExtra, SettingsError

TEXT = "tr0ub4dor&3"


@dataclasses.dataclass
class Login:
    """A dataclass with a secret in it."""

    user: str
    token: Secret


@pytest.fixture
def secret() -> Secret:
    """A secret whose text is TEXT."""
    return Secret("user:${secret:PW}@host", {"PW": TEXT}.__getitem__)


def test_no_way_of_showing_it_shows_it(secret: Secret) -> None:
    """repr, str, format, %, logging, asdict, copies and containers all give ***."""
    stream = StringIO()
    logger = logging.getLogger("solvent.test.secret")
    logger.addHandler(logging.StreamHandler(stream))
    logger.warning("token %s and %r", secret, [secret])
    holder = Login("me", secret)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>9}",
        "{}".format(secret),  # noqa: UP032
        repr({"a": [secret]}),
        repr(holder),
    ]
    shown += [str(dataclasses.asdict(holder)), stream.getvalue(), repr(copy.deepcopy(holder)), repr(copy.copy(secret))]
    assert all("***" in one and TEXT not in one for one in shown)
    assert secret.reveal() == f"user:{TEXT}@host"


def test_it_cannot_be_pickled_changed_or_read_as_text(secret: Secret) -> None:
    """Pickling, JSON, assignment and string operations are refused."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(Login("me", secret), protocol)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        secret + "x"  # type: ignore[operator]
    with pytest.raises(AttributeError, match="cannot be changed"):
        secret.names = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del secret._parts
    assert not hasattr(secret, "__dict__") and not isinstance(secret, str)


def test_its_reference_is_its_identity(secret: Secret) -> None:
    """Equality and hash are of the reference, whatever the text; the reference makes it again."""
    again = Secret(secret.to_reference())
    assert again == secret and hash(again) == hash(secret) and len({again, secret}) == 1
    assert secret != Secret("${secret:PW}") and secret != "user:${secret:PW}@host"
    for text in ("${secret:A}", "a$${b}${secret:A:d}c${secret:B}", "${secret:A:}"):
        assert Secret(text).to_reference() == text
    assert Secret("${secret:A}-${secret:B}${secret:A}").names == ("A", "B")


def test_a_text_is_no_secret() -> None:
    """Only a reference makes one; the message does not repeat what was given."""
    with pytest.raises(ValueError, match="never from its text") as caught:
        Secret(TEXT)
    assert TEXT not in str(caught.value)


def test_rotation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text is fetched at each reveal, from the environment if nothing else is said."""
    secret = Secret("${secret:SOLVENT_TEST_PW}")
    monkeypatch.setenv("SOLVENT_TEST_PW", "one")
    assert secret.reveal() == "one"
    monkeypatch.setenv("SOLVENT_TEST_PW", "two")
    assert secret.reveal() == "two" and secret.reveal(lambda name: name.lower()) == "solvent_test_pw"


def test_a_missing_secret_says_where_to_put_it() -> None:
    """The error names the secret and the way out, and hides what the resolver said."""

    def resolver(name: str) -> str:
        raise KeyError(TEXT)

    with pytest.raises(SettingsError, match="'PW' is not to be found") as caught:
        Secret("${secret:PW}", resolver).reveal()
    assert TEXT not in "".join(traceback.format_exception(caught.value))


def test_a_secret_setting_takes_nothing_else(secret: Secret) -> None:
    """A plain text is refused without being shown; a secret is refused where text is asked for."""
    assert (
        validate(secret, Secret, from_file=True) is secret
        and validate(secret, Secret | None, from_file=False) is secret
    )
    for value in (TEXT, 3, None):
        with pytest.raises(ValueError, match=r"written \$\{secret:NAME\}") as caught:
            validate(value, Secret, from_file=True)
        assert TEXT not in str(caught.value)
    with pytest.raises(ValueError, match=r"expected text, got a secret \(annotate the setting with sv\.Secret"):
        validate(secret, str, from_file=True)
    for annotation in (int, float, bool, list[str], Path, dict[str, int], bytes):
        with pytest.raises(ValueError) as caught:
            validate(secret, annotation, from_file=True)
        assert TEXT not in str(caught.value)


def test_pydantic_knows_it(secret: Secret) -> None:
    """In a model it is checked by type and written as its reference."""
    from pydantic import BaseModel

    class Model(BaseModel):
        token: Secret

    made = validate({"token": secret}, Model, from_file=True)
    assert TEXT not in made.model_dump_json() and json.loads(made.model_dump_json())["token"] == secret.to_reference()
    assert TEXT not in repr(made) + str(made.model_dump())
    with pytest.raises(ValueError) as caught:
        validate({"token": TEXT}, Model, from_file=True)
    assert TEXT not in str(caught.value)


def test_records_hold_references_only() -> None:
    """Merged settings, errors and what they beat show the reference; the names are listed with their places."""
    source: dict[str, Any] = {
        "inputs": {"db": {"database": "postgresql://r:${secret:PW}@h/d"}},
        "steps": {"a": {"token": "${secret:T}", "n": "${secret:PW}", "l": ["${secret:T}"]}},
    }
    settings = load_settings([source], root=Path(), secrets=lambda name: TEXT)
    text = json.dumps(settings.to_json())
    assert TEXT not in text and "postgresql://r:${secret:PW}@h/d" in text
    assert list(settings.secrets()) == ["PW", "T"]
    found: list[Any] = []
    bound = bind(
        [Setting("token", Secret), Setting("n", int)], {}, settings.root_block.child("a"), where="a", problems=found
    )
    assert bound["token"].value.reveal() == TEXT
    assert TEXT not in repr(bound) + str(found) and "got a secret" in str(found[0])


def test_sources_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of lines, a folder of files, a command and the environment, asked in the order given."""
    (tmp_path / "env").write_text('# PW=no\nPW=first\nexport PW = "se cond"\nX=\n')
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "TOKEN").write_text("a\nb\n")
    script = tmp_path / "give"
    script.write_text('#!/bin/sh\n[ "$1" = BAD ] && exit 3\nprintf "cmd-%s\\n" "$1"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("SOLVENT_TEST_E", "env")
    resolve = secret_resolver([{"file": "env"}, {"folder": "run"}, "environment"], tmp_path)
    assert [resolve(name) for name in ("PW", "X", "TOKEN", "SOLVENT_TEST_E")] == ["se cond", "", "a\nb", "env"]
    for name in ("GONE", "../env", "a/b", ""):
        with pytest.raises(LookupError):
            resolve(name)
    assert secret_resolver({"command": [str(script)]}, tmp_path)("A") == "cmd-A"
    assert secret_resolver({"command": [str(script), "{name};x"]}, tmp_path)("A") == "cmd-A;x"
    with pytest.raises(SettingsError, match="ended with exit code 3"):
        secret_resolver({"command": [str(script)]}, tmp_path)("BAD")
    with pytest.raises(SettingsError, match="failed: FileNotFoundError"):
        secret_resolver({"command": [str(tmp_path / "none")]}, tmp_path)("A")


@pytest.mark.parametrize(
    "said", ["vault", 3, {}, {"file": 3}, {"command": "ls"}, {"a": "b"}, [], [["x"]], {"file": "a", "folder": "b"}]
)
def test_sources_that_are_none(said: Any, tmp_path: Path) -> None:
    """What is not among the sources is refused with the list of them."""
    with pytest.raises(ValueError, match="'secrets'"):
        secret_resolver(said, tmp_path)


def test_a_keyring_needs_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, the message says what to install."""
    import sys

    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingExtra, match="pip install keyring"):
        secret_resolver({"keyring": "shop"}, tmp_path)("A")
