"""``solvent serve ./FOLDER``: a bundle that was exported is served by the same command, if somebody vouches for it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from solvent.delivery.server.opening import check_shipped, open_shipped
from solvent.delivery.shipping.folder import folder_files
from solvent.delivery.shipping.parcel import Parcel
from solvent.delivery.shipping.placing import place_folder
from solvent.delivery.trust.policy import Trust, Untrusted
from solvent.delivery.trust.signing import sign_digest
from solvent.errors import Corrupted, NotFound, SolventError, UsageError
from solvent.faces.cli import solvent as command


@pytest.fixture
def out(small: Any, tmp_path: Path) -> Path:
    made = tmp_path / "out"
    place_folder(folder_files(Parcel(small.bundle, "shop", "v3", "# the card\n")), made)
    return made


def refused(folder: Path, words: Sequence[str]) -> SolventError:
    """What the command says to these words."""
    done = CliRunner().invoke(command, ["--project", str(folder), "serve", *words])
    assert isinstance(done.exception, SolventError), done.output
    return done.exception


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_an_exported_folder_is_served_by_the_same_command(out: Path, small: Any, workers: int) -> None:
    """With one process or several, with no project, the golden rows are answered as when they were packed."""
    words = [sys.executable, "-m", "solvent", "serve", "./out", "--port", "0", "--workers", str(workers)]
    words += ["--allow-unsigned", small.bundle.digest, "--token", "s3cret"]
    with subprocess.Popen(words, cwd=out.parent, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            found = re.fullmatch(r"shop v3 at (http://\S+) \(Ctrl-C stops it\)\n", line)
            assert found is not None, line
            assert httpx.post(f"{found[1]}/predict", json={}).status_code == 401
            client = httpx.Client(base_url=found[1], headers={"authorization": "Bearer s3cret"})
            with client:
                for one in small.bundle.golden:
                    answer = client.post("/predict", json=one["row"]).json()
                    assert answer["prediction"] == one["prediction"] and answer["bundle"] == small.bundle.digest
                    assert list(answer["probability"].values()) == pytest.approx(one["probability"], abs=1e-6)
        finally:
            server.terminate()
    assert not (out.parent / ".solvent").exists()


def test_the_folder_of_the_bundle_itself_is_one_too(out: Path, small: Any) -> None:
    """The export and the bundle inside of it are the same model, under the name that the export gives."""
    trust = Trust(unsigned=frozenset({small.bundle.digest}))
    for folder in (out, out / "bundle"):
        found = open_shipped(check_shipped(folder, trust))
        assert (found.model, found.version, found.bundle) == ("shop", "v3", small.bundle.digest)


def test_a_folder_that_is_no_bundle_or_has_a_changed_byte_is_refused(out: Path, small: Any, tmp_path: Path) -> None:
    """None, an empty one, one with a changed byte, and one that was exchanged after it was vouched for."""
    trust = Trust(unsigned=frozenset({small.bundle.digest}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="is no folder. A folder that serves is written by: solvent models export"):
        check_shipped(tmp_path / "none", trust)
    assert "empty has no bundle" in str(refused(tmp_path, [str(tmp_path / "empty")]))
    shipped = check_shipped(out, trust)
    golden = out / "bundle/golden.json"
    golden.write_bytes(golden.read_bytes().replace(b"red", b"rad", 1))
    error = refused(tmp_path, [str(out), "--allow-unsigned", small.bundle.digest])
    assert isinstance(error, Corrupted) and "not what was packed" in str(error)
    manifest = json.loads((out / "bundle/bundle.json").read_bytes())
    golden.write_bytes(small.bundle.files["golden.json"])
    (out / "bundle/bundle.json").write_bytes(json.dumps({**manifest, "more": 1}).encode())
    with pytest.raises(Untrusted, match="not signed"):
        open_shipped(shipped)


def test_a_folder_from_elsewhere_needs_somebody_who_vouches(small: Any, keys: Any, tmp_path: Path) -> None:
    """Unsigned it is refused with the word that would let it in; signed by a key of the project's file it is opened."""
    _, made = sign_digest(small.bundle.digest, keys[0])
    for name, signatures in (("plain", ()), ("signed", (made,))):
        place_folder(folder_files(Parcel(small.bundle, "shop", "v3", "", signatures)), tmp_path / name)
    error = refused(tmp_path, [str(tmp_path / "plain")])
    assert isinstance(error, Untrusted) and f"--allow-unsigned {small.bundle.digest}" in str(error)
    assert "none of these is trusted" in str(refused(tmp_path, [str(tmp_path / "signed")]))
    from cryptography.hazmat.primitives import serialization

    private = serialization.load_pem_private_key(keys[0].read_bytes(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "keys.pub").write_bytes(public)
    # It is let in, and stops at the next thing that is wrong.
    words = [str(tmp_path / "signed"), "--trust", str(tmp_path / "keys.pub"), "--host", "0.0.0.0"]
    assert "give a token" in str(refused(tmp_path, words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--canary", "shop@v2=5%"], "--canary is for models of a project: there is one version in a folder"),
        (["--shadow", "shop@v2=5%"], "--shadow is for models of a project"),
        (["--follow", "1"], "--follow is for models of a project: a folder has no aliases"),
        (["--log", "10%"], "--log is for models of a project: the log lies in a project's archive"),
        (["--log-column", "kind=none"], "--log-column is for models of a project"),
        (["other"], "a folder is served alone"),
    ],
)
def test_what_a_folder_cannot_do_is_told(tmp_path: Path, words: Sequence[str], said: str) -> None:
    """Each option that hangs on a project is refused by name, before anything is opened."""
    error = refused(tmp_path, ["./out", *words])
    assert isinstance(error, UsageError) and said in str(error)


def test_names_and_folders_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain name is a model; if there is none but a folder, the way to write it is told."""
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    assert str(refused(tmp_path, ["out"])).endswith("To serve the folder out, write ./out")
    assert "To serve the folder" not in str(refused(tmp_path, ["none"]))
    assert "are for a folder" in str(refused(tmp_path, ["shop", "--allow-unsigned", "ab" * 32]))
