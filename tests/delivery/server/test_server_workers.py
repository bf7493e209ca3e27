"""Several workers on one port: all answer, who falls is replaced, figures stay, and the parent leaves nobody behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

import solvent as sv
from solvent.delivery import Deployment, deploy
from solvent.delivery.registry import promote_version
from solvent.delivery.server.lines.served import Served
from solvent.delivery.server.running.figures import Figures
from solvent.delivery.server.running.metrics import Metrics, render
from solvent.delivery.server.serving import Endpoint, serve
from solvent.delivery.server.workers.turns import OPEN, Turns
from solvent.engine.project import find_project
from solvent.errors import NotFound, UsageError
from solvent.learn import assemble, evaluate, fit, train, transform
from solvent.learn.assembly import Predictor

ROW = {"x": 3.0}


@sv.step
def crew_rows(*, shift: int = 0) -> pl.DataFrame:
    numbers = range(200)
    return pl.DataFrame({"x": [float(n % 17) for n in numbers], "late": [(n + shift) % 17 > 8 for n in numbers]})


@sv.pipeline
def crew() -> Deployment:
    rows = crew_rows()
    features = fit(rows, target="late")
    predictor = assemble(features, train(transform(features, rows), target="late"))
    return deploy(predictor, evaluate(predictor, rows, target="late", draws=0), rows, golden=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("crew")
    train_by = {"use": "sklearn.linear_model:LogisticRegression"}
    for shift in range(2):
        steps = {"crew_rows": {"shift": shift}, "train": train_by, "deploy": {"model": "crew", "alias": None}}
        sv.run(crew, config={"steps": steps}, project=made)
    return made


@pytest.fixture
def project(folder: Path) -> Path:
    promote_version(find_project(folder), "crew@v1")
    return folder


@contextmanager
def serving(project: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command with two workers and whatever else is said, and the address that it announced."""
    command = [sys.executable, "-m", "solvent", "--project", str(project), "serve", "crew", "--port", "0"]
    command += ["--workers", "2", "--follow", "0.2", *words]
    with (
        (project / "said").open("w") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None
            yield server, found[0]
        finally:
            server.terminate()
            server.wait(60)


def workers_of(parent: int) -> list[int]:
    done = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True)
    return [int(one) for one in done.stdout.split()]


def is_alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def health(address: str) -> dict[str, Any]:
    """Over a connection of its own, which any worker may take."""
    return dict(httpx.get(f"{address}/healthz").json())


def see_all(address: str, holds: Callable[[dict[str, Any]], bool] = lambda said: True) -> None:
    """Ask until the last word of both workers holds."""
    seen: dict[int, bool] = {}

    def both() -> bool:
        said = health(address)
        seen[said["worker"]] = holds(said)
        return list(seen.values()) == [True, True]

    wait_until(both)


def figure(text: str, name: str) -> float:
    found = [float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)]
    return sum(found)


class Load:
    """Threads that ask again and again; what was answered and what was lost."""

    def __init__(self, address: str, threads: int = 4) -> None:
        self.ids: list[str] = []
        self.versions: set[str] = set()
        self.lost: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(address,)) for _ in range(threads)]

    def __enter__(self) -> Load:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    def _ask(self, address: str) -> None:
        while not self._stop.is_set():
            with httpx.Client(base_url=address, timeout=30) as client:
                try:
                    self._go_on(client)
                except httpx.TransportError as error:
                    self.lost.append(str(error))

    def _go_on(self, client: httpx.Client) -> None:
        while not self._stop.is_set():
            answer = client.post("/predict", json=ROW)
            assert answer.status_code == 200, answer.text
            self.ids.append(answer.json()["prediction_id"])
            self.versions.add(answer.json()["version"])


@pytest.mark.slow
def test_a_worker_that_is_killed_under_load_is_replaced_and_no_figure_is_lost(project: Path) -> None:
    """All answer; a kill costs at most what was under way; totals of all workers never fall, whoever tells them."""
    totals: list[float] = []
    with serving(project) as (server, address):
        first = workers_of(server.pid)
        assert len(first) == 2
        see_all(address)
        with Load(address) as load:
            for turn in range(40):
                text = httpx.get(f"{address}/metrics").text
                totals.append(figure(text, 'solvent_requests_total{model="crew",status="200"}'))
                if turn == 15:
                    os.kill(first[0], signal.SIGKILL)
                time.sleep(0.1)
            wait_until(lambda: len(workers_of(server.pid)) == 2)
        see_all(address)
        assert set(workers_of(server.pid)) != set(first)
        text = httpx.get(f"{address}/metrics").text
        total = figure(text, 'solvent_requests_total{model="crew",status="200"}')
        assert figure(text, 'solvent_events_total{event="worker_lost"}') == 1
        assert figure(text, 'solvent_serving{model="crew"') == 2
    assert totals == sorted(totals) and totals[-1] > totals[0]
    assert len(load.lost) <= 4 and len(set(load.ids)) == len(load.ids)
    assert len(load.ids) <= total <= len(load.ids) + len(load.lost)
    assert "was ended by SIGKILL; it is started again now" in (project / "said").read_text()


@pytest.mark.slow
def test_connections_that_come_together_are_shared_out_evenly(project: Path) -> None:
    """Of twenty that are opened at once and stay, each worker has about half, and a quarter on a busy machine."""
    with serving(project) as (_, address), ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=address)) for _ in range(20)]
        threads = [threading.Thread(target=one.get, args=("/healthz",)) for one in clients]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        workers = [one.get("/healthz").json()["worker"] for one in clients]
        assert min(workers.count(1), workers.count(2)) >= 5
        text = httpx.get(f"{address}/metrics").text
        assert figure(text, "solvent_connections") >= 20


@pytest.mark.slow
def test_a_swap_reaches_every_worker_and_each_logs_what_it_answered(project: Path) -> None:
    """Under load nothing is lost, in the end all answer with the new version, and the log holds each id once."""
    with serving(project, "--log", "100%") as (_, address), Load(address) as load:
        wait_until(lambda: len(load.ids) > 50)
        promote_version(find_project(project), "crew@v2")
        see_all(address, lambda said: said["version"] == "v2")
        time.sleep(0.3)
    assert load.lost == [] and load.versions == {"v1", "v2"}
    files = list((project / ".solvent/predictions/crew").rglob("*.parquet"))
    assert len({one.name.split("-")[1] for one in files}) == 2  # each worker writes files of its own
    logged = pl.concat([pl.read_parquet(one) for one in files], how="diagonal")["prediction_id"].to_list()
    assert sorted(logged) == sorted(load.ids)


@pytest.mark.slow
def test_a_drain_loses_no_request_and_tells_the_balancer_first(project: Path) -> None:
    """Told to stop, all say that they are not ready and go on answering; what was under way then is answered."""
    with serving(project, "--drain", "1.5") as (server, address):
        body = json.dumps([ROW] * 100_000).encode()
        answers: list[int] = []

        def ask() -> None:
            headers = {"content-type": "application/json"}
            answers.append(httpx.post(f"{address}/predict", content=body, headers=headers, timeout=60).status_code)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for one in threads:
            one.start()
        wait_until(lambda: figure(httpx.get(f"{address}/metrics").text, "solvent_connections") >= 7)
        server.terminate()
        wait_until(lambda: httpx.get(f"{address}/v2/health/ready").status_code == 503)
        for one in threads:
            one.join()
        assert answers == [200] * 6
        assert server.wait(30) == 0


@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(project: Path) -> None:
    """A parent that is killed cannot stop anybody; the workers notice, and leave the port free."""
    with serving(project) as (server, address):
        workers = workers_of(server.pid)
        assert len(workers) == 2
        server.kill()
        wait_until(lambda: not any(is_alive(one) for one in workers))
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/healthz")


@pytest.mark.slow
def test_a_crew_that_cannot_start_says_why_and_one_without_hope_gives_up(project: Path) -> None:
    """A column that there is not is told as by one process; with the archive gone and all killed it ends with 1."""
    command = [sys.executable, "-m", "solvent", "--project", str(project), "serve", "crew", "--port", "0"]
    wrong = subprocess.run([*command, "--workers", "2", "--log-column", "z=none"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "no model here has a column 'z'" in wrong.stderr
    archive = project / ".solvent"
    with serving(project) as (server, _):
        archive.rename(project / "away")
        try:
            for one in workers_of(server.pid):
                os.kill(one, signal.SIGKILL)
            assert server.wait(90) == 1
        finally:
            (project / "away").rename(archive)
    assert "no worker answers any more, and none can be started" in (project / "said").read_text()


def test_what_several_workers_could_not_serve_is_told_before_any_starts(project: Path) -> None:
    """A wrong number, a foreign interface without a token, and a name that there is not."""
    with pytest.raises(UsageError, match="--workers is from 1 to 256, not 0"):
        serve(find_project(project), "crew", Endpoint(port=0, workers=0))
    with pytest.raises(UsageError, match="give a token"):
        serve(find_project(project), "crew", Endpoint("0.0.0.0", port=0, workers=2))
    with pytest.raises(NotFound, match="Did you mean 'crew'"):
        serve(find_project(project), "crow", Endpoint(port=0, workers=2))


@pytest.fixture
def file() -> Iterator[int]:
    with tempfile.TemporaryFile() as made:
        made.truncate(Figures.size)
        yield made.fileno()


def test_figures_in_a_file_are_read_while_they_are_written_and_gone_on_with(file: int) -> None:
    """Another process sees each number at once; one that opens the file again adds to what is there."""
    writer, reader = Figures(file), Figures(file)
    row = writer.row(("answered", "a model", "v1"), 3)
    row[1] += 2.5
    assert {key: list(one) for key, one in reader.rows().items()} == {("answered", "a model", "v1"): [0.0, 2.5, 0.0]}
    row[1] += 1
    writer.row(("event", "ünlü"), 1)[0] += 7
    assert {key: list(one)[-2:] for key, one in reader.rows().items()} == {
        ("answered", "a model", "v1"): [3.5, 0.0], ("event", "ünlü"): [7.0],
    }  # fmt: skip
    again = Figures(file)
    again.row(("event", "ünlü"), 1)[0] += 1
    assert reader.rows()["event", "ünlü"][0] == 8


def test_figures_that_no_longer_fit_are_told_by_their_own_process(file: int) -> None:
    """A full file harms nobody: what came first is read by all, what came last by who counts it."""
    writer = Figures(file)
    for number in range(8000):
        writer.row(("answered", "m", str(number)), 18)[0] += 1
    shared = Figures(file).rows()
    assert 4000 < len(shared) < 8000 and all(row[0] == 1 for row in shared.values())
    assert len(writer.rows()) == 8000


def test_figures_of_several_processes_are_told_together(file: int) -> None:
    """Counts, times and places are added up; who no longer takes part is not told."""
    other = Metrics(Figures(file))
    mine = Metrics(others=[Figures(file)])
    one = Served("m", "v1", "a" * 64, Predictor((None,), ()))
    two = Served("m", "v2", "b" * 64, Predictor((None,), ()))
    for metrics, served in ((mine, one), (other, one), (other, two)):
        metrics.answered(served, 3, 0.004, warned=metrics is other)
        metrics.serving([("seat", served)])
    mine.refused("m", 422)
    mine.event("swapped")
    other.event("swapped", 2)
    text = render(mine).decode()
    assert 'solvent_requests_total{model="m",status="200"} 3.0' in text
    assert 'solvent_requests_total{model="m",status="422"} 1.0' in text
    assert 'solvent_rows_total{model="m",version="v1"} 6.0' in text
    assert 'solvent_warnings_total{model="m",version="v1"} 1.0' in text
    assert 'solvent_request_seconds_bucket{le="0.005",model="m",version="v1"} 2.0' in text
    assert 'solvent_events_total{event="swapped"} 3.0' in text
    assert 'solvent_serving{model="m",place="seat",runtime="python",version="v1"} 1.0' in text
    assert 'solvent_serving{model="m",place="seat",runtime="python",version="v2"} 1.0' in text
    other.rest()
    assert 'runtime="python",version="v2"' not in render(mine).decode()


def test_who_has_more_connections_lets_others_go_first_and_waits_for_nobody(file: int) -> None:
    """Where another has fewer, or none is taken there any more, a connection is accepted all the same."""

    async def ask() -> list[float]:
        mine, other = Figures(), Figures(file)
        open_: set[asyncio.BaseTransport] = set()

        class Held(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                open_.add(transport)

        with socket.create_server(("127.0.0.1", 0)) as listening:
            turns = Turns(listening, Held, open_, (mine, [other]))
            counts: list[float] = []
            for theirs in (0, 5, -1):  # fewer than here from the second on, more, and none at all
                other.row(OPEN, 1)[0] = theirs
                for _ in range(2):
                    _, writer = await asyncio.open_connection(*listening.getsockname())
                    while len(open_) <= len(counts):
                        await asyncio.sleep(0.001)
                    counts.append(len(open_))
                    writer.close()
            turns.close()
            await turns.wait_closed()
            counts.append(mine.row(OPEN, 1)[0])
            for one in open_:
                one.close()  # type: ignore[attr-defined]
        return counts

    assert asyncio.run(asyncio.wait_for(ask(), 20)) == [1, 2, 3, 4, 5, 6, -1]
