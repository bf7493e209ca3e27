"""The main job from end to end: data, run, gate, bundle, a server on a free port, one real request, and the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from prepare import prepare

HERE = Path(__file__).resolve().parent
SOLVENT = [sys.executable, "-m", "solvent"]
FLIGHT = {
    "weekday": 4, "hour": 18, "minute": 30, "carrier": "B6", "origin": "JFK", "dest": "BOS", "distance": 187,
    "temp": 72.0, "dewp": 68.0, "humid": 87.3, "wind_dir": 180, "wind_speed": 18.4, "wind_gust": 27.6, "precip": 0.12,
    "pressure": 1004.2, "visib": 3.0,
}  # fmt: skip


def main() -> int:
    """Do it all; gives the exit code."""
    started = time.monotonic()
    prepare()
    # A demo is tried with changed files too; without allow_dirty only committed code would be promoted.
    done = subprocess.run([*SOLVENT, "run", "flights.yaml", "--set", "steps.deploy.allow_dirty=true"], cwd=HERE)
    if done.returncode:
        return done.returncode
    with subprocess.Popen([*SOLVENT, "serve", "delays", "--port", "0"], cwd=HERE, stdout=subprocess.PIPE) as server:
        try:
            address = wait_for_address(server)
            answer = ask(address + "/predict", FLIGHT)
        finally:
            server.terminate()
    chance = answer["probability"]["True"]
    print(f"\nThursday 18:30, JetBlue, JFK to Boston in rain: {chance:.0%} likely to arrive more than 15 minutes late")
    print(f"answered by {answer['model']} {answer['version']} (bundle {answer['bundle'][:12]})")
    solvent = os.path.relpath(Path(sys.executable).with_name("solvent"), HERE)
    print(f"\nAll of it took {time.monotonic() - started:.0f} s. Where to look next:")
    print(f"  cd {os.path.relpath(HERE)}")
    print(f"  {solvent} runs                  # what ran")
    print(f"  {solvent} show last             # its steps, figures and gates")
    print(f"  {solvent} why last/train        # why a step ran or was reused")
    print(f"  {solvent} models show delays    # versions, aliases, judgements")
    print(f"  {solvent} serve delays          # the server again")
    return 0


def wait_for_address(server: subprocess.Popen[bytes]) -> str:
    """The address that the server announces once it answers."""
    assert server.stdout is not None
    for line in server.stdout:
        for word in line.decode().split():
            if word.startswith("http://"):
                return word.rstrip("/.,")
    raise SystemExit("the server ended before it answered")


def ask(address: str, row: dict[str, object]) -> dict[str, object]:
    """One request over HTTP."""
    request = urllib.request.Request(address, json.dumps(row).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
