"""Shipments: what is in a folder, a model of MLflow and a container's context, and how they come to be there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from solvent.delivery import Bundle, pack
from solvent.delivery.shipping.container import container_files
from solvent.delivery.shipping.folder import folder_files
from solvent.delivery.shipping.graph import graph_of
from solvent.delivery.shipping.mlflow_loader import PackedModel, _load_pyfunc
from solvent.delivery.shipping.parcel import Parcel
from solvent.delivery.shipping.placing import place_file, place_folder
from solvent.delivery.shipping.pyfunc import pyfunc_files
from solvent.delivery.standalone import main
from solvent.delivery.trust.policy import Untrusted
from solvent.delivery.trust.signing import sign_digest
from solvent.errors import NotFound, Unwritable, UsageError


@pytest.fixture(scope="module")
def parcel(small: Any) -> Parcel:
    return Parcel(small.bundle, "shop", "v3", "# the whole card\n")


def test_a_folder_pins_everything_and_carries_solvent(parcel: Parcel) -> None:
    """The requirements are the lock, with the wheel that lies there in place of Solvent's version."""
    files = folder_files(parcel)
    lines = files["requirements.txt"].decode().splitlines()
    assert lines[0].removeprefix("./") in files and lines[0].startswith("./wheels/solvent-")
    assert all("==" in one for one in lines[1:]) and not any(one.startswith("solvent==") for one in lines)
    assert len(lines) == len(parcel.bundle.manifest["requirements"])
    assert {name[7:]: data for name, data in files.items() if name.startswith("bundle/")} == parcel.bundle.files
    assert json.loads(files["example.json"]) == parcel.bundle.golden[0]["row"]
    told = {"model": "shop", "version": "v3", "bundle": parcel.bundle.digest}
    assert json.loads(files["export.json"]) == told
    assert f"--allow-unsigned {parcel.bundle.digest}" in files["README.md"].decode()


@pytest.mark.parametrize("make", [folder_files, pyfunc_files, container_files])
def test_shipments_are_the_same_each_time_and_name_no_place_of_this_machine(parcel: Parcel, make: Any) -> None:
    """Written twice they are byte for byte the same; no path of here is in them."""
    files = make(parcel)
    assert files == make(parcel)
    here = str(Path(__file__).resolve().parents[3]).encode()
    for name, data in files.items():
        assert here not in data or name.startswith("wheels/"), name


def test_a_signed_shipment_has_its_signatures_and_what_checks_them(small: Any, keys: Any) -> None:
    """``signature.json`` stands beside the bundle, not in it; ``cryptography`` is among the requirements."""
    _, made = sign_digest(small.bundle.digest, keys[0])
    files = folder_files(Parcel(small.bundle, "shop", "v3", "", (made,)))
    assert json.loads(files["signature.json"])["bundle"] == small.bundle.digest
    assert "bundle/signature.json" not in files
    assert "\ncryptography==" in files["requirements.txt"].decode()
    assert f"signed by the key {made.key}" in files["README.md"].decode()


def test_nothing_is_ever_written_over(tmp_path: Path) -> None:
    """A folder with anything in it, a file and a link stay as they are; an empty folder is taken."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    before = sorted(tmp_path.rglob("*"))
    for name in ("full", "file", "link"):
        with pytest.raises(UsageError, match="nothing was written"):
            place_folder({"a": b"x"}, tmp_path / name)
    with pytest.raises(UsageError, match="nothing was written"):
        place_file(b"x", tmp_path / "file")
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    place_folder({"a/b": b"x"}, tmp_path / "empty")
    assert (tmp_path / "empty/a/b").read_bytes() == b"x"
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk is full half way, nothing is there afterwards."""
    write = Path.write_bytes

    def fail(path: Path, data: bytes) -> int:
        if path.name == "b":
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(Unwritable, match="No space left"):
        place_folder({"a": b"x", "b": b"y"}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_command_proves_and_refuses(parcel: Parcel, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--check`` answers the golden rows of a bundle that is allowed; any other way out is an exit code and a word."""
    place_folder(folder_files(parcel), tmp_path / "out")
    bundle = str(tmp_path / "out/bundle")
    allowed = ["--allow-unsigned", parcel.bundle.digest]
    assert main([bundle, "--check", *allowed]) == 0 and "30 golden rows" in capsys.readouterr().out
    assert main([bundle, "--check"]) == 2 and "not signed" in capsys.readouterr().err
    assert main([bundle, "--host", "0.0.0.0", *allowed]) == 2 and "token" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), "--check", *allowed]) == 1 and "no bundle in" in capsys.readouterr().err
    (tmp_path / "out/bundle/golden.json").write_text("[]")
    assert main([bundle, "--check", *allowed]) == 1 and "not what was packed" in capsys.readouterr().err


def test_a_bundle_that_answers_otherwise_does_not_serve(
    small: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose golden answers are not its own is whole and allowed, and still refused."""
    from solvent import digest
    from solvent.archive.store.local import BLOB

    golden = small.bundle.golden
    golden[0]["prediction"] = not golden[0]["prediction"]
    body = json.dumps(golden).encode()
    listed = {**small.bundle.manifest["files"], "golden.json": digest.of_bytes(BLOB, body)}
    manifest = json.dumps({**small.bundle.manifest, "files": listed}).encode()
    wrong = Bundle({**small.bundle.files, "golden.json": body, "bundle.json": manifest})
    wrong.to_artifact(tmp_path / "bundle")
    assert main([str(tmp_path / "bundle"), "--check", "--allow-unsigned", wrong.digest]) == 1
    assert "1 of 30 golden rows" in capsys.readouterr().err


def test_keys_that_a_project_trusts_open_a_folder(
    small: Any, tmp_path: Path, keys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``[trust] keys`` of a solvent.toml counts when the project is named, never because it lies near."""
    public, made = sign_digest(small.bundle.digest, keys[0])
    place_folder(folder_files(Parcel(small.bundle, "shop", "v1", "", (made,))), tmp_path / "out")
    (tmp_path / "solvent.toml").write_text(f'[trust]\nkeys = ["{public}"]\n')
    bundle = str(tmp_path / "out/bundle")
    assert main([bundle, "--check"]) == 2
    assert main([bundle, "--check", "--project", str(tmp_path)]) == 0
    assert "golden rows" in capsys.readouterr().out


def test_the_model_of_mlflow_says_what_it_takes(parcel: Parcel) -> None:
    """Types and optional columns are those of the request; the loader is named, and nothing is pickled."""
    files = pyfunc_files(parcel)
    model = yaml.safe_load(files["MLmodel"])
    flavour = model["flavors"]["python_function"]
    assert flavour["data"] == "bundle" and flavour["loader_module"] == "solvent.delivery.shipping.mlflow_loader"
    inputs = {one["name"]: (one["type"], one["required"]) for one in json.loads(model["signature"]["inputs"])}
    assert inputs == {
        "flag": ("any", False), "sure": ("boolean", True), "count": ("long", True), "many": ("double", False),
        "size": ("double", False), "kind": ("string", True), "day": ("datetime", True), "hour": ("string", True),
        "local": ("datetime", True), "at": ("datetime", True),
    }  # fmt: skip
    outputs = [one["name"] for one in json.loads(model["signature"]["outputs"])]
    assert outputs == ["prediction", "probability_False", "probability_True"]
    assert not [name for name in files if name.endswith((".pkl", ".pickle"))]
    for name in ("conda.yaml", "python_env.yaml"):
        assert yaml.safe_load(files[name])["dependencies"]
    needs = files["requirements.txt"].decode().splitlines()
    assert "mlflow" in needs and not [one for one in needs if one.startswith(("uvicorn", "pyarrow", "starlette"))]


def test_the_loader_answers_with_pandas_as_the_bundle_does(
    parcel: Parcel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: Any
) -> None:
    """Times without a zone are UTC where training saw one; asked for a signature, it demands one."""
    pd = pytest.importorskip("pandas")
    parcel.bundle.to_artifact(tmp_path / "bundle")
    model = _load_pyfunc(str(tmp_path / "bundle"))
    assert isinstance(model, PackedModel)
    golden = parcel.bundle.golden
    frame = pd.DataFrame([one["row"] for one in golden])
    for name in ("day", "local", "at"):
        frame[name] = pd.to_datetime(frame[name]).dt.tz_localize(None)
    answers = model.predict(frame)
    assert answers["prediction"].tolist() == [one["prediction"] for one in golden]
    assert answers["probability_True"].tolist() == [one["probability"][1] for one in golden]
    public, _ = sign_digest("x", keys[0])
    (tmp_path / "trusted").write_text(str(public))
    monkeypatch.setenv("SOLVENT_TRUST", str(tmp_path / "trusted"))
    with pytest.raises(Untrusted):
        _load_pyfunc(str(tmp_path / "bundle"))


def test_the_context_of_a_container_is_small_and_locked(parcel: Parcel) -> None:
    """Not root, with a health check, started with this very bundle, without a word of a secret or an index."""
    files = container_files(parcel, "python:3.12-slim@sha256:" + "0" * 64)
    text = files["Dockerfile"].decode()
    assert "ARG BASE=python:3.12-slim@sha256:000" in text and "USER 10001:10001" in text and "EXPOSE 8080" in text
    assert "/v2/health/ready" in text and "curl" not in text and '"--no-deps", "-r", "requirements.txt"' in text
    assert text.count(f'"--allow-unsigned", "{parcel.bundle.digest}"') == 2
    assert not any(word in text.lower() for word in ("token", "password", "secret", "index"))
    assert "ARG BASE=python:" in container_files(parcel)["Dockerfile"].decode()
    signed = container_files(parcel, keys=b"ed25519:x\n")
    assert '"--trust", "trusted.pub"' in signed["Dockerfile"].decode() and signed["trusted.pub"] == b"ed25519:x\n"


@pytest.mark.parametrize("base", ["a b", "a\nRUN evil", "$(evil)", "-x", "a" * 300])
def test_a_base_that_is_no_image_is_refused(parcel: Parcel, base: str) -> None:
    """Nothing but a name gets into the Dockerfile."""
    with pytest.raises(UsageError, match="no name of an image"):
        container_files(parcel, base)


def test_a_graph_leaves_alone_and_a_bundle_without_one_says_so(parcel: Parcel, small: Any) -> None:
    """The graph has an input for each number of a column, and loads; without one the error says what to do."""
    from onnxruntime import InferenceSession

    inputs = [one.name for one in InferenceSession(graph_of(parcel)).get_inputs()]
    assert {"flag", "count", "size", "kind", "day month", "at hour"} <= set(inputs)
    without = pack(small.predictor, small.report, small.test, golden=10, onnx=False)
    assert without.graph is None and "onnxruntime" not in without.manifest["requirements"]
    assert "onnxruntime" in parcel.bundle.manifest["requirements"]
    with pytest.raises(NotFound, match="no ONNX form"):
        graph_of(Parcel(without, "shop", "v3", "# card"))
