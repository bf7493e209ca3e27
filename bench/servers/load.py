"""The load: keep-alive connections that each ask one row at a time, and keep every answer to be checked afterwards.

    python load.py PORT CONNECTIONS SECONDS < REQUESTS > ANSWERS

Sockets and epoll, no framework, so that the asking costs a small part of the cheapest answering; ``busy`` in the
result says how much of its core it used.
"""

from __future__ import annotations

import array
import gc
import json
import select
import socket
import sys
import time
from typing import Any


class Connection:
    """One socket; asks every ``step``-th request of the list, in turn."""

    def __init__(self, port: int, place: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.place = place
        self.asked = 0.0
        self.got = b""
        self.needed = 0


def ask(port: int, connections: int, seconds: float, requests: list[bytes]) -> dict[str, Any]:
    """Keep the connections busy; every answer with the number of its request, every time in seconds."""
    poll, clock = select.epoll(), time.perf_counter
    open_: dict[int, Connection] = {}
    for place in range(connections):
        one = Connection(port, place)
        open_[one.socket.fileno()] = one
        poll.register(one.socket, select.EPOLLIN)
    answers: list[tuple[int, bytes]] = []
    times = array.array("d")
    lost = 0
    began, used = clock(), time.process_time()
    end = began + seconds
    for one in open_.values():
        one.asked = clock()
        one.socket.sendall(requests[one.place % len(requests)])
    while open_:
        events = poll.poll(5)
        if not events:
            lost += len(open_)
            break
        for number, _ in events:
            one = open_[number]
            part = one.socket.recv(65536)
            one.got = one.got + part if one.got else part
            if not one.needed:
                one.needed = _length(one.got)
            now = clock()
            if part and (not one.needed or len(one.got) < one.needed):
                continue
            if part:
                times.append(now - one.asked)
                answers.append((one.place % len(requests), one.got))
            else:  # the server hung up
                lost += 1
            if now >= end or not part:
                poll.unregister(one.socket)
                del open_[number]
                continue
            one.place += connections
            one.got, one.needed = b"", 0
            one.asked = clock()
            one.socket.sendall(requests[one.place % len(requests)])
    taken, used = clock() - began, time.process_time() - used
    return {"seconds": taken, "busy": used / taken, "lost": lost, "times": times, "answers": answers}


def _length(got: bytes) -> int:
    """How many bytes the whole answer has; 0 while the head is not whole."""
    head, mark, _ = got.partition(b"\r\n\r\n")
    if not mark:
        return 0
    _, found, rest = head.lower().partition(b"content-length:")
    if not found:
        raise SystemExit(f"the answer does not say its length:\n{head.decode('latin-1')}")
    return len(head) + 4 + int(rest.split(b"\r\n", 1)[0])


def main() -> None:
    """Ask, and print times and answers: a line of JSON, then the answers one by one."""
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    requests = [one.encode("latin-1") for one in json.load(sys.stdin)]
    gc.disable()
    found = ask(port, connections, seconds, requests)
    answers = [(place, answer.decode("latin-1")) for place, answer in found.pop("answers")]
    found["times"] = found["times"].tolist()
    json.dump({**found, "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
