"""What watches a notebook from inside of its kernel: which names each statement bound, altered and read files for.

Like the stamps it is sent there as text and imports nothing but the standard library; it writes lines of JSON.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import time
from typing import Any

__all__ = ["Probe"]

_HIDDEN = frozenset({
    "In", "Out", "get_ipython", "exit", "quit", "open", "_", "__", "___", "_i", "_ii", "_iii", "_dh", "_oh", "_ih",
    "_exit_code", "display",
})  # fmt: skip


_NOISE = (sys.prefix, sys.base_prefix, "/usr/", "/proc/", "/sys/", "/dev/", "/etc/")
_NOISY = ("site-packages", ".pyc", "/ipykernel_", "<")


class Probe:
    """Follows the names of a kernel from statement to statement, and writes what it sees to a file.

    ``stamps`` is the module of stamps; ``names`` a kernel's namespace; ``stamped`` the seconds that stamps may take
    after one statement, beyond which the rest counts as not compared.
    """

    def __init__(self, stamps: Any, shell: Any, out: str, seed: int | None = None, stamped: float = 5.0) -> None:
        self.stamps, self.shell, self.names = stamps, shell, shell.user_ns
        self.out = out
        self.budget = stamped
        self.known: dict[str, tuple[int, str]] = {}
        self.cell = 0
        self.touched: list[set[str]] = []
        self.opened: list[list[str]] = []
        self.seed = seed
        self.seeds: dict[str, str] = {}
        self._seed_new()
        self.watching = False
        self.started = 0.0
        shell.ast_transformers.append(_Between())
        shell.system = self._refused
        shell.system_raw = self._refused
        shell.system_piped = self._refused
        shell.getoutput = lambda *_, **__: []
        sys.addaudithook(self._heard)
        self.look()

    # -- what the driver calls ---------------------------------------------------------------------------------

    def begin(self, cell: int, touched: list[list[str]]) -> None:
        """A cell begins, whose statements touch these names each."""
        self.cell, self.touched = cell, [set(one) for one in touched]
        self.opened.clear()
        self.watching = True
        self.started = time.perf_counter()

    def after(self, place: int) -> None:
        """A statement of the cell is done."""
        if not self.watching:
            return
        seconds = time.perf_counter() - self.started
        self.watching = False
        try:
            self.note(self.observe(place, seconds))
        finally:
            self.watching = True
            self.started = time.perf_counter()

    def end(self) -> None:
        """The cell is done, or broke off."""
        if self.touched:
            self.after(len(self.touched) - 1)
        self.watching = False

    def modules(self, out: str) -> None:
        """Write which files the kernel imported, by the names of the modules."""
        found = {name: getattr(one, "__file__", None) for name, one in list(sys.modules.items())}
        with open(out, "w", encoding="utf-8") as file:
            json.dump({name: path for name, path in found.items() if isinstance(path, str)}, file)

    def _seed_new(self) -> None:
        """Note the generators' states; with a seed, those that came with an import begin from it."""
        if self.seed is not None:
            for name in set(_dice()) - set(self.seeds):
                _SEEDERS[name](sys.modules[name], self.seed)
        self.seeds = _dice()

    # -- what it sees ------------------------------------------------------------------------------------------

    def visible(self) -> dict[str, Any]:
        """The names that are the notebook's own."""
        return {
            name: value for name, value in list(self.names.items())
            if name not in _HIDDEN and not (name.startswith("_") and (name[1:2].isdigit() or name[1:3] == "i" or
                                            name.startswith("__") or name[:2] == "_i"))
        }  # fmt: skip

    def look(self) -> None:
        """Take everything as known."""
        for name, value in self.visible().items():
            self.known[name] = (id(value), self.stamps.stamp(value))

    def observe(self, place: int, seconds: float) -> dict[str, Any]:
        """What a statement did: names bound, altered, deleted, files opened, dice thrown, and how long it took."""
        now = self.visible()
        bound = sorted(name for name, value in now.items() if self.known.get(name, (0, ""))[0] != id(value))
        deleted = sorted(set(self.known) - set(now))
        touched = self.touched[place] if place < len(self.touched) else set()
        altered: set[str] = set()
        unsure: list[str] = []
        late = time.perf_counter() + self.budget
        ids: dict[int, str] = {}
        for name in [*bound, *sorted((touched & set(now)) - set(bound))]:
            value = now[name]
            if id(value) in ids:
                stamp = ids[id(value)]
            elif time.perf_counter() > late:
                unsure.append(name)
                continue
            else:
                stamp = ids[id(value)] = self.stamps.stamp(value)
            before = self.known.get(name)
            if before is not None and before[0] == id(value) and before[1] != stamp:
                altered.add(name)
            self.known[name] = (id(value), stamp)
        altered |= {name for name in (touched & set(now)) - set(bound) if self.stamps.is_stream(now[name])}
        altered |= self._others(now, set(bound), altered, late)
        for name in deleted:
            del self.known[name]
        dice, before_dice = _dice(), self.seeds
        self._seed_new()
        return {
            "cell": self.cell, "statement": place, "seconds": round(seconds, 6), "bound": bound,
            "altered": sorted(altered), "deleted": deleted, "unsure": unsure, "files": _once(self.opened),
            "dice": sorted(name for name in dice if before_dice.get(name, dice[name]) != dice[name]),
            "kinds": {name: self.stamps.kind_of(now[name]) for name in [*bound, *sorted(altered)]},
            "alike": _alike(now, [*bound, *altered]),
            "stamps": {name: self.known[name][1] for name in [*bound, *sorted(altered)] if name in self.known},
            "unkept": self._unkept(now, [*bound, *sorted(altered)], late),
        }  # fmt: skip

    def _unkept(self, now: dict[str, Any], names: list[str], late: float) -> dict[str, str]:
        """The names whose values cannot be handed on, and why; what there was no time to look at counts as kept."""
        found: dict[str, str] = {}
        for name in names:
            why = sys.modules["_solvent_keeping"].why_not(now[name]) if time.perf_counter() < late else ""
            if why:
                found[name] = why
        return found

    def _others(self, now: dict[str, Any], bound: set[str], altered: set[str], late: float) -> set[str]:
        """Names that nobody touched, and whose object is changed too: a view, or the same object by another name."""
        if not altered:
            return set()
        found: set[str] = set()
        for name, value in now.items():
            if name in bound or name in altered or name not in self.known or time.perf_counter() > late:
                continue
            if not hasattr(value, "__array__") and not isinstance(value, (list, dict, set)):
                continue
            stamp = self.stamps.stamp(value)
            if stamp != self.known[name][1]:
                found.add(name)
                self.known[name] = (id(value), stamp)
        return found

    def note(self, event: dict[str, Any]) -> None:
        """Write one line; the file is opened each time, so that a kernel that dies leaves what it saw."""
        self.opened.clear()
        with open(self.out, "a", encoding="utf-8") as file:
            file.write(json.dumps(event, default=str) + "\n")
        self.opened.clear()

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and self.watching and len(self.opened) < 10_000:
            path, mode = arguments[0], arguments[1]
            if isinstance(path, (str, bytes)):
                text = path.decode(errors="replace") if isinstance(path, bytes) else path
                if not text.startswith(_NOISE) and not any(one in text for one in _NOISY):
                    self.opened.append([text, str(mode or "r")])

    def _refused(self, command: str, *_: Any, **__: Any) -> int:
        sys.stdout.write(f"not carried out: {command}\n")
        return 0


class _Between(ast.NodeTransformer):
    """Puts a look after each statement of a cell but the last, which may show its value; its look is at the end."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """Rewrite one cell."""
        body: list[ast.stmt] = []
        for place, one in enumerate(node.body):
            body.append(one)
            if place < len(node.body) - 1:
                call = ast.parse(f"__import__('_solvent_probe').PROBE.after({place})").body[0]
                for part in ast.walk(call):
                    ast.copy_location(part, one)
                body.append(call)
        node.body = body
        return ast.fix_missing_locations(node)


def _once(opened: list[list[str]]) -> list[list[str]]:
    return [list(one) for one in dict.fromkeys(tuple(one) for one in opened)]


def _alike(now: dict[str, Any], names: list[str]) -> list[list[str]]:
    """Groups of names of one object, of which one is among ``names``; not of numbers and text, which are shared."""
    plain = (bool, int, float, complex, str, bytes, type(None), tuple, frozenset)
    groups: dict[int, list[str]] = {}
    for name, value in now.items():
        if not isinstance(value, plain) and not callable(value) and type(value).__name__ != "module":
            groups.setdefault(id(value), []).append(name)
    return [sorted(group) for group in groups.values() if len(group) > 1 and set(group) & set(names)]


def _dice() -> dict[str, str]:
    """The state of the generators that are shared by all of a process."""
    found: dict[str, str] = {}
    random, numpy, torch = (sys.modules.get(name) for name in ("random", "numpy", "torch"))
    if random is not None:
        found["random"] = _short(repr(random.getstate()[1]).encode())
    if numpy is not None and hasattr(numpy, "random"):
        state = numpy.random.get_state(legacy=False)
        found["numpy"] = _short(repr(state["state"].get("pos")).encode() + bytes(state["state"]["key"].data))
    if torch is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = _short(bytes(torch.get_rng_state().numpy().data))
    return found


_SEEDERS: dict[str, Any] = {
    "random": lambda module, seed: module.seed(seed),
    "numpy": lambda module, seed: module.random.seed(seed),
    "torch": lambda module, seed: module.manual_seed(seed),
}


def _short(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
