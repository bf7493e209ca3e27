"""Who is asked, how each is started on one core, what it is sent, and where in its answer the probability stands."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from timing import environment_of, peer, python

from servers.model import COLUMNS, TEXTS

HERE = Path(__file__).resolve().parent
SKLEARN = f"scikit-learn=={version('scikit-learn')}"
WEB = (
    "starlette==1.10.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "msgspec==0.22.0",
    "fastapi==0.165.0", "pandas==3.1.1", "onnxruntime==1.32.0", "onnx==1.23.2", "skl2onnx==1.20.0",
)  # fmt: skip
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Contender:
    """A server and a way to ask it. ``command`` is completed by the port that it shall listen on."""

    command: tuple[str | Path, ...]
    path: str
    body: Callable[[Row], Any]
    probability: Callable[[Any], float]
    environment: Mapping[str, str] = field(default_factory=dict)

    def request(self, row: Row) -> str:
        """The whole HTTP request for one row."""
        body = json.dumps(self.body(row))
        head = f"Host: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n\r\n{body}"


def _by_name(answer: Any) -> float:
    return float(answer["probability"]["yes"])


def _tensors(row: Row) -> Any:
    kinds = {name: "BYTES" if name in TEXTS else "INT64" if type(row[name]) is int else "FP64" for name in COLUMNS}
    return {
        "inputs": [{"name": name, "shape": [1], "datatype": kind, "data": [row[name]]} for name, kind in kinds.items()]
    }


def _of_tensors(answer: Any) -> float:
    return float(next(one for one in answer["outputs"] if one["name"] == "probability")["data"][1])


def _frame(row: Row) -> Any:
    return {"dataframe_records": [row]}


def _of_columns(answer: Any) -> float:
    return float(answer["predictions"][0]["probability_yes"])


def _of_frame(answer: Any) -> float:
    first = answer["predictions"][0]
    return float(first["probability"]["yes"] if isinstance(first, dict) else first[1])


def _mlflow(folder: Path) -> Contender:
    python = peer("serving-mlflow", "mlflow==3.17.2", SKLEARN)
    model = folder / "mlflow-model"
    if not model.exists():
        subprocess.run([python, HERE / "model.py", folder, "mlflow"], check=True, capture_output=True)
    serve = (python.parent / "mlflow", "models", "serve", "--env-manager", "local", "-w", "1", "-m", model, "-p")
    return Contender(serve, "/invocations", _frame, _of_frame, _inside(python))


def _bentoml(folder: Path) -> dict[str, Contender]:
    python = peer("serving-bentoml", "bentoml==1.4.40", "pandas==3.1.1", SKLEARN)
    own = {"BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True", "BENCH_FOLDER": str(folder)}
    inside = {**own, **_inside(python)}
    serve = (python.parent / "bentoml", "serve", "bento:Buys", "--working-dir", HERE, "--port")
    return {
        "bentoml": Contender(serve, "/predict", lambda row: {"row": row}, _by_name, inside),
        "bentoml batching": Contender(
            serve, "/predict_batch", lambda row: {"rows": [row]}, lambda answer: _by_name(answer[0]), inside
        ),
    }


def _inside(python: Path) -> dict[str, str]:
    """An environment's own programs first: these servers start others by name."""
    return {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}


def all_contenders(folder: Path, names: set[str] | None) -> dict[str, Contender]:
    """Those that are asked for (all of them for None); the environments of the peers are made at first use."""
    web = peer("serving-web", SKLEARN, *WEB)
    made = {
        name: Contender((web, HERE / "apps.py", app, folder), "/predict", dict, _by_name)
        for name, app in (("empty", "empty"), ("bare onnx", "onnx"), ("fastapi", "fastapi"))
    }
    if names is None or "mlflow" in names:
        made["mlflow"] = _mlflow(folder)
    if names is None or names & {"bentoml", "bentoml batching"}:
        made.update(_bentoml(folder))
    for label, model in (("solvent", "buys"), ("solvent own", "own")):
        serve = (python(), "-m", "solvent", "--project", folder, "serve", model, "--port")
        made[f"{label} /predict"] = Contender(serve, "/predict", dict, _by_name)
        made[f"{label} v2 infer"] = Contender(serve, f"/v2/models/{model}/infer", _tensors, _of_tensors)
        made[f"{label} /invocations"] = Contender(serve, "/invocations", _frame, _of_columns)
    unknown = sorted((names or set()) - set(made))
    if unknown:
        raise SystemExit(f"there is no contender {unknown[0]!r}; there are: {', '.join(made)}")
    return {name: one for name, one in made.items() if names is None or name in names}


class Server:
    """A fresh server on one core, in a process group of its own; ``ready`` is how long its first answer took (s).

    ``ready_cpu`` is how much of that it computed: on a machine that others use too, the figure to go by.
    """

    def __init__(self, one: Contender, folder: Path, core: int, first: Row) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        command = ["taskset", "-c", str(core), *map(str, one.command), str(self.port)]
        self._log = (folder / "server.log").open("w+b")
        began = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment_of(one.environment), stdout=self._log, stderr=self._log,
            start_new_session=True,
        )  # fmt: skip
        try:
            self.found = self._first_answer(one, first)
        except BaseException:
            self.stop()
            raise
        self.ready, self.ready_cpu = time.perf_counter() - began, self.cpu()

    def _first_answer(self, one: Contender, row: Row) -> tuple[int, bytes]:
        """Ask until there is an answer; status and body."""
        end = time.perf_counter() + 120
        body = json.dumps(one.body(row))
        while time.perf_counter() < end:
            if self._process.poll() is not None:
                break
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("POST", one.path, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status != 503:
                    return answer.status, said
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.01)
        self._log.seek(0)
        raise SystemExit(f"{one.command} does not answer:\n{self._log.read().decode('utf-8', 'replace')[-3000:]}")

    def cpu(self) -> float:
        """Seconds that it and the processes that it started have computed so far."""
        ticks, parents = {}, {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = file.read_text().rpartition(")")[2].split()
                number = int(file.parent.name)
                parents[number], ticks[number] = int(fields[1]), sum(int(one) for one in fields[11:15])
        ours = {self._process.pid}
        while more := {number for number, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return sum(ticks.get(number, 0) for number in ours) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the group of processes: politely, and then whatever is left of it."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self._process.pid, kind)
                self._process.wait(15)
        self._log.close()
