"""Bundles from elsewhere: only what is whole and vouched for is opened, and nothing of the rest runs."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from solvent.delivery import Bundle
from solvent.delivery.contents.folder import write_folder
from solvent.delivery.trust.policy import Trust, Untrusted, make_trust, open_foreign
from solvent.delivery.trust.signing import PublicKey, read_keys, read_signatures, sign_digest, write_signatures
from solvent.errors import Corrupted, InputError, UsageError


@pytest.fixture
def folder(small: Any, tmp_path: Path) -> Path:
    small.bundle.to_artifact(tmp_path / "bundle")
    return tmp_path / "bundle"


def sign(folder: Path, name: str, key: Path) -> PublicKey:
    public, made = sign_digest(name, key)
    (folder.parent / "signature.json").write_bytes(write_signatures(name, [made]))
    return public


def test_a_bundle_that_is_signed_by_a_trusted_key_opens(small: Any, folder: Path, keys: Any) -> None:
    """The key is named in text, in a file of lines, or in a file of PEM."""
    public = sign(folder, small.bundle.digest, keys[0])
    named = folder.parent / "trusted"
    named.write_text(f"# ours\n{public}  # the team\n")
    assert read_keys(named) == (public,)
    for trust in (make_trust([str(public)]), make_trust(file=named)):
        assert open_foreign(folder, trust).digest == small.bundle.digest


def test_pem_names_the_same_key(keys: Any, tmp_path: Path) -> None:
    """What ``openssl pkey -pubout`` writes is read too."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    private = load_pem_private_key(keys[0].read_bytes(), None)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pub").write_bytes(pem)
    assert read_keys(tmp_path / "key.pub") == (sign_digest("x", keys[0])[0],)


def test_without_a_signature_it_is_refused_and_told_how_to_allow_it(small: Any, folder: Path) -> None:
    """It is allowed by its own digest, which then fits no other bundle."""
    with pytest.raises(Untrusted, match=f"not signed.*--trust FILE.*--allow-unsigned {small.bundle.digest}"):
        open_foreign(folder, Trust())
    assert open_foreign(folder, make_trust(unsigned=[small.bundle.digest])).digest == small.bundle.digest
    other = "0" * len(small.bundle.digest)
    with pytest.raises(Untrusted):
        open_foreign(folder, make_trust(unsigned=[other]))


@pytest.mark.parametrize("short", ["", "abc", "0" * 31, "*", "z" * 64])
def test_a_digest_that_could_fit_another_bundle_is_refused(short: str) -> None:
    """What allows a bundle is long enough that none can be made to fit it."""
    with pytest.raises(UsageError, match="32 characters"):
        make_trust(unsigned=[short])


def test_foreign_and_forged_signatures_are_refused(small: Any, folder: Path, keys: Any) -> None:
    """Another's key, another bundle's signature, and a signature under a trusted key's name each say what they are."""
    mine = sign_digest("x", keys[0])[0]
    sign(folder, small.bundle.digest, keys[1])
    with pytest.raises(Untrusted, match="none of these is trusted"):
        open_foreign(folder, Trust((mine,)))
    sign(folder, "f" * 64, keys[0])
    with pytest.raises(Untrusted, match="not for this bundle"):
        open_foreign(folder, Trust((mine,)))
    _, foreign = sign_digest(small.bundle.digest, keys[1])
    told = {"key": mine.id, "algorithm": "ed25519", "signature": base64.b64encode(foreign.signature).decode()}
    body = {"bundle": small.bundle.digest, "signatures": [told]}
    (folder.parent / "signature.json").write_text(json.dumps(body))
    with pytest.raises(Untrusted, match="not for this bundle"):
        open_foreign(folder, Trust((mine,)))


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"bundle": 1, "signatures": [{"key": 1}]}', "[" * 50_000])
def test_a_file_of_signatures_that_is_none_is_named(body: str) -> None:
    """Whatever stands there, the error is one of Solvent's own."""
    with pytest.raises(Corrupted, match=r"signature\.json"):
        read_signatures(body.encode())


def change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "harm, said",
    [
        (lambda folder: change(folder / "golden.json"), "not what was packed"),
        (lambda folder: change(folder / "card.md"), "not what was packed"),
        (lambda folder: (folder / "requirements.txt").unlink(), "lacks 'requirements.txt'"),
        (lambda folder: (folder / "more.txt").write_text("x"), "'more.txt'.*lists no such file"),
        (
            lambda folder: ((folder / "__pycache__").mkdir(), (folder / "__pycache__/x.pyc").write_bytes(b"x")),
            "__pycache",
        ),
        (lambda folder: (folder / "signature.json").write_text("{}"), "lists no such file"),
        (lambda folder: (folder / "bundle.json").unlink(), "has no bundle.json"),
        (lambda folder: (folder / "link").symlink_to("card.md"), "is a link"),
        (lambda folder: (folder / "away").symlink_to("/", target_is_directory=True), "is a link"),
        (lambda folder: os.mkfifo(folder / "pipe"), "neither file nor folder"),
    ],
)
def test_harm_is_found_before_anything_is_loaded(
    folder: Path, harm: Callable[[Path], object], said: str, small: Any
) -> None:
    """A changed byte, a file too few or too many, a link and a pipe: each is refused, even if the digest is allowed."""
    harm(folder)
    with pytest.raises(Corrupted, match=said):
        open_foreign(folder, make_trust(unsigned=[small.bundle.digest]))


def test_a_changed_manifest_is_another_bundle(small: Any, folder: Path, keys: Any) -> None:
    """One that is consistent with other files has another digest, which nobody signed."""
    public = sign(folder, small.bundle.digest, keys[0])
    manifest = json.loads((folder / "bundle.json").read_bytes())
    manifest["threshold"] = 0.9
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(Untrusted, match="not for this bundle"):
        open_foreign(folder, Trust((public,)))


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "a//b", "a\\b", "c:evil", "a\n", "."])
def test_names_never_lead_out_of_the_folder(small: Any, tmp_path: Path, name: str) -> None:
    """Such a bundle is not opened, and such files are not written."""
    manifest = {**small.bundle.manifest, "files": {**small.bundle.manifest["files"], name: "0" * 64}}
    with pytest.raises(Corrupted, match="no name inside of a folder"):
        Bundle({**small.bundle.files, name: b"x", "bundle.json": json.dumps(manifest).encode()})
    with pytest.raises(Corrupted):
        write_folder({name: b"x"}, tmp_path / "out")
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("text", ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA", "-----BEGIN PUBLIC KEY-----\nx"])
def test_what_is_no_key_is_named(text: str) -> None:
    """A key that cannot be read is an error that shows how one is written."""
    with pytest.raises(InputError, match="key"):
        PublicKey.read(text)


def test_what_is_no_private_key_tells_how_one_is_made(tmp_path: Path, keys: Any) -> None:
    """A file of another kind, and none, are told apart; nothing of the file is shown."""
    (tmp_path / "no.pem").write_text("secret words")
    with pytest.raises(InputError, match="openssl genpkey") as caught:
        sign_digest("x", tmp_path / "no.pem")
    assert "secret words" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        sign_digest("x", tmp_path / "none.pem")
