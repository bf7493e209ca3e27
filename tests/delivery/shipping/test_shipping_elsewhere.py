"""Shipments for real: on a bare virtual environment, in MLflow, and in a container, each with the same answers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from solvent.delivery import Bundle, pack
from solvent.delivery.shipping.container import container_files
from solvent.delivery.shipping.folder import folder_files
from solvent.delivery.shipping.parcel import Parcel
from solvent.delivery.shipping.placing import place_folder
from solvent.delivery.shipping.pyfunc import pyfunc_files, rows_as_split
from solvent.learn import assemble, evaluate, fit, train, transform

pytestmark = pytest.mark.slow

MLFLOW = "mlflow==3.17.2"


@pytest.fixture(scope="module")
def parcel(small: Any) -> Parcel:
    """A model of scikit-learn on columns of every kind."""
    tree = pytest.importorskip("sklearn.tree")
    features = fit(small.train, target="late")
    model = train(transform(features, small.train), target="late", seed=0, use=tree.DecisionTreeClassifier)
    predictor = assemble(features, model)
    report = evaluate(predictor, small.test, target="late", seed=1, draws=10, find_slices=False, importance=False)
    return Parcel(pack(predictor, report, small.test, small.train, golden=40), "shop", "v1", "# card\n")


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes an environment with these packages, and takes it away again; skips where none can be had."""
    folder = tmp_path / "venv"

    def make(*words: str, cwd: Path | None = None) -> Path:
        venv.create(folder, with_pip=True)
        done = subprocess.run([folder / "bin/pip", "install", "-q", *words], cwd=cwd, capture_output=True, text=True)
        if done.returncode and any(word in done.stderr for word in ("Could not fetch", "ConnectionError", "timed out")):
            pytest.skip("packages cannot be fetched here")
        assert done.returncode == 0, done.stderr[-3000:]
        return folder / "bin"

    yield make
    shutil.rmtree(folder, ignore_errors=True)


def bare() -> dict[str, str]:
    """An environment in which nothing of this one is found."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def ask(address: str, body: Any, token: str | None = None) -> Any:
    head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode(), head), timeout=30) as answer:
        return json.load(answer)


def same_as_packed(bundle: Bundle, answers: list[Any]) -> bool:
    """Whether answers of ``/predict`` are those of the packing."""
    expected = [[one["prediction"], one["probability"]] for one in bundle.golden]
    return [[one["prediction"], list(one["probability"].values())] for one in answers] == expected


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[Any] | None = None, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            assert time.monotonic() < until, f"{address} does not answer"
            assert process is None or process.poll() is None, "the server ended"
            time.sleep(0.3)


@contextmanager
def started(words: list[Any], cwd: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        words, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def test_the_folder_runs_on_a_bare_machine_and_answers_alike(parcel: Parcel, install: Any, tmp_path: Path) -> None:
    """``pip install -r requirements.txt``, one command, and every golden row is answered as when it was packed."""
    out = tmp_path / "out"
    place_folder(folder_files(parcel), out)
    programs = install("-r", "requirements.txt", cwd=out)
    listed = subprocess.run([programs / "pip", "freeze"], capture_output=True, text=True, check=True).stdout.split("\n")
    locked = {f"{name}=={version}" for name, version in parcel.bundle.manifest["requirements"].items()}
    found = {one.lower().replace("_", "-") for one in listed if "==" in one}
    assert found == locked - {one for one in locked if one.startswith("solvent==")}
    script = (
        "import sys; from solvent.delivery.shipping.wheel import build_wheel; sys.stdout.buffer.write(build_wheel()[1])"
    )
    rebuilt = subprocess.run([programs / "python", "-c", script], env=bare(), capture_output=True, check=True).stdout
    assert rebuilt == next(out.glob("wheels/*.whl")).read_bytes()  # so it can be shipped on from there
    words = [programs / "python", "serve.py", "--port", "0", "--allow-unsigned", parcel.bundle.digest]
    with started(words, out, bare()) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[-1]
        answers = [ask(f"{address}/predict", one["row"]) for one in parcel.bundle.golden]
    assert same_as_packed(parcel.bundle, answers)
    assert {(one["model"], one["version"], one["bundle"]) for one in answers} == {("shop", "v1", parcel.bundle.digest)}
    assert sys.version_info[:2] == tuple(map(int, parcel.bundle.manifest["python"].split(".")))


ASK = """
import json, sys, mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
golden = json.load(open(sys.argv[1] + "/bundle/golden.json"))
rows = pd.DataFrame([one["row"] for one in golden])
for name, one in ((one.name, one) for one in model.metadata.get_input_schema().inputs):
    if str(one.type) == "DataType.datetime":
        rows[name] = pd.to_datetime(rows[name]).dt.tz_localize(None)
    elif str(one.type) == "DataType.double":
        rows[name] = rows[name].astype(float)
made = model.predict(rows)
said = made[[one for one in made.columns if one != "prediction"]].values.tolist()
print(json.dumps([made["prediction"].tolist(), said]))
"""


def test_mlflow_loads_and_serves_it_unmodified(parcel: Parcel, install: Any, tmp_path: Path) -> None:
    """``mlflow.pyfunc.load_model`` and ``mlflow models serve`` answer all golden rows as when they were packed."""
    out = tmp_path / "model"
    place_folder(pyfunc_files(parcel), out)
    ready = os.environ.get("SOLVENT_TEST_MLFLOW")  # an environment that has MLflow already
    if ready:
        subprocess.run(
            [Path(ready) / "bin/pip", "install", "-q", "--force-reinstall", "--no-deps", *out.glob("wheels/*")]
        )
    programs = Path(ready) / "bin" if ready else install(MLFLOW, "-r", "requirements.txt", cwd=out)
    golden = parcel.bundle.golden
    done = subprocess.run([programs / "python", "-c", ASK, str(out)], env=bare(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    predictions, probabilities = json.loads(done.stdout.splitlines()[-1])
    assert predictions == [one["prediction"] for one in golden]
    assert probabilities == [one["probability"] for one in golden]
    port = free_port()
    environment = bare() | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    words = [programs / "mlflow", "models", "serve", "-m", out, "--env-manager", "local", "-p", str(port)]
    with started(words, tmp_path, environment) as server:
        wait_for(f"http://127.0.0.1:{port}/ping", server)
        split = rows_as_split(parcel, [one["row"] for one in golden])
        answers = ask(f"http://127.0.0.1:{port}/invocations", {"dataframe_split": split})["predictions"]
    assert [one["prediction"] for one in answers] == predictions
    assert [[one["probability_False"], one["probability_True"]] for one in answers] == probabilities


CONTAINERS = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""


@pytest.fixture(scope="module")
def podman() -> Iterator[Any]:
    """Podman with a store of its own, in which Debian's Python stands where the slim image would."""
    missing = [name for name in ("podman", "runc", "mmdebstrap") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(
            f"needs root and {', '.join(missing) or 'no more'}: apt-get install podman runc netavark mmdebstrap"
        )
    folder = Path(tempfile.mkdtemp(prefix="pod-"))  # a place of its own: podman takes 50 characters at most
    base = Path(os.environ.get("SOLVENT_TEST_BASE") or folder / "base.tar")  # a base that was made before
    if not base.exists():
        packages = "python3,python3-venv,python3-pip,ca-certificates"
        words = ["mmdebstrap", "--variant=minbase", f"--include={packages}", "bookworm", base]
        made = subprocess.run(words, capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no base image can be made here: {made.stderr[-300:]}")
    (folder / "containers.conf").write_text(CONTAINERS)
    environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf"), "SOLVENT_TOKEN": "let me in"}

    def run(*words: str, check: bool = True) -> str:
        command = ["podman", "--root", folder / "store", "--runroot", folder / "run", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0 or not check, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout.strip()

    run("import", "-q", str(base), "docker.io/library/python:3.11-slim")
    yield run
    run("rm", "-af", check=False)
    run("rmi", "-af", check=False)
    subprocess.run(["umount", "-l", folder / "store/overlay"], capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)


def mounts_of_pip() -> list[str]:
    """What pip needs to know of this machine, mounted while the image is built, and not in it."""
    places = ["/etc/pip.conf", "/etc/xdg/pip", os.environ.get("PIP_CERT") or "/etc/ssl/certs/ca-certificates.crt"]
    return [word for one in places if os.path.exists(one) for word in ("--volume", f"{one}:{one}:ro")]


def test_the_container_builds_runs_and_answers_alike(parcel: Parcel, podman: Any, tmp_path: Path) -> None:
    """Built from the context, run with a file system that cannot be written, healthy, not root, with a token."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the base image has Python 3.11, and this bundle was packed with another")
    place_folder(container_files(parcel), tmp_path / "context")
    words = ["build", "-q", "--format", "docker", "--pull=never", "--network=host", *mounts_of_pip()]
    podman(*words, "-t", "shop:v1", str(tmp_path / "context"))
    port = free_port()
    published = f"127.0.0.1:{port}:8080"
    named = podman("run", "-d", "--read-only", "--tmpfs", "/tmp", "-e", "SOLVENT_TOKEN", "-p", published, "shop:v1")
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/v2/health/ready")
        answers = [ask(f"{address}/predict", one["row"], "let me in") for one in parcel.bundle.golden]
        assert same_as_packed(parcel.bundle, answers)
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(f"{address}/predict", parcel.bundle.golden[0]["row"])
        podman("healthcheck", "run", named)
        assert podman("exec", named, "id", "-u") == "10001"
        assert "let me in" not in podman("inspect", "shop:v1")
    finally:
        podman("rm", "-f", named)
