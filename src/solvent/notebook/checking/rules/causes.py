"""Why a cell does not run: the error that it broke off with, read as what has to be done."""

from __future__ import annotations

import ast
import builtins
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from solvent.errors import did_you_mean
from solvent.notebook.checking.environment import Environment
from solvent.notebook.checking.findings import Finding, listed
from solvent.notebook.checking.rules.definitions import find_undefined, makers_of
from solvent.notebook.checking.rules.drifts import known_drift, package_of
from solvent.notebook.checking.rules.texts import near_file
from solvent.notebook.flow.program import Program, Statement, Unit
from solvent.notebook.observing.kernel import Ran
from solvent.notebook.observing.watching import Watched

__all__ = ["Case", "find_causes", "imported", "tainted_cells"]

_NETWORK = re.compile(
    r"URLError|HTTPError|ConnectionError|gaierror|ConnectTimeout|ReadTimeout|MaxRetryError|SSLError|NewConnectionError|"
    r"ConnectionRefused|ProxyError|TimeoutError|RemoteDisconnected|NameResolution"
)
_FILE = re.compile(r"(?:No such file or directory|does not exist|not found)[:.]?\s*['\"]?(?P<one>[^'\"\n]+)|"
                   r"^(?P<other>\S+) (?:not found|does not exist)")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A notebook that was run, where, by which interpreter, and which packages it asks for."""

    watched: Watched
    folder: Path
    environment: Environment
    declared: frozenset[str] = frozenset()

    @property
    def program(self) -> Program:
        """Its program."""
        return self.watched.program


def imported(program: Program) -> set[str]:
    """The packages that a notebook imports, by the first part of their name."""
    found: set[str] = set()
    for one in program.statements:
        for node in ast.walk(one.node):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def tainted_cells(watched: Watched) -> dict[int, bool]:
    """The cells that failed, or that need what those would have made; True for those that failed on their own."""
    found: dict[int, bool] = {}
    lacking: set[str] = set()
    modules = {
        name for one in watched.program.statements for name in one.flow.makes
        if isinstance(one.node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef))
    }  # fmt: skip
    for unit, ran in zip(watched.program.units, watched.cells, strict=True):
        reads = frozenset[str]().union(*(watched.program.reads[one.place] for one in unit.statements), frozenset())
        follows = bool(reads & lacking)
        if ran.status != "ok" or follows:
            found[unit.cell.number] = ran.status != "ok" and ran.status != "skipped" and not follows
            for one in _undone(unit, ran) if ran.status != "ok" else unit.statements:
                lacking |= one.flow.makes | (one.flow.alters - modules)
            if unit.fault is not None:
                lacking |= set(re.findall(r"^\s*([A-Za-z_]\w*)\s*(?:=|,)", unit.cell.source, re.MULTILINE))
                lacking |= set(re.findall(r"^(?:def|class|import)\s+(\w+)", unit.cell.source, re.MULTILINE))
        else:
            for one in unit.statements:
                lacking -= one.flow.makes
    return found


def _undone(unit: Unit, ran: Ran) -> list[Statement]:
    """The statements of a cell that were not carried out to their end."""
    at = _failed_at(unit, ran)
    return [] if at is None else list(unit.statements[at.index :])


def _failed_at(unit: Unit, ran: Ran) -> Statement | None:
    if not unit.statements:
        return None
    line = ran.error[2] if ran.error else None
    if line is not None:
        for one in unit.statements:
            if one.first <= line <= one.last:
                return one
    done = {event.statement for event in ran.events if event.statement < len(unit.statements) - 1}
    return unit.statements[min(len(done), len(unit.statements) - 1)]


def find_causes(case: Case) -> Iterator[Finding]:
    """What keeps cells from running, each once: what only follows from another failure is not told."""
    cells = tainted_cells(case.watched)
    failed = {ran.cell for ran in case.watched.cells if ran.status == "error" and ran.error is not None}
    undefined = list(find_undefined(case.program, frozenset(failed | {
        ran.cell for ran in case.watched.cells if ran.status == "skipped"})))  # fmt: skip
    named = {(one.cell, name) for one in undefined for name in re.findall(r"'(\w+)'", one.text)}
    yield from undefined
    missing = _missing_packages(case)
    yield from missing
    gone = {one.text.split("'")[1] for one in missing}
    silent: list[Finding] = []
    for unit, ran in zip(case.program.units, case.watched.cells, strict=True):
        if not cells.get(unit.cell.number):
            continue
        found = _cause(unit, ran, case)
        names = re.findall(r"'([\w.]+)'", ran.error[1]) if ran.error else []
        if found.kind in ("undefined", "used-before") and any((found.cell, one) in named for one in names):
            continue
        if found.kind == "missing-package" and names and names[0].partition(".")[0] in gone:
            continue
        yield found
        if found.kind == "error" and not silent:
            silent = list(_silent_change(found, case))
            yield from silent


def _missing_packages(case: Case) -> list[Finding]:
    """All packages at once that cells which did not run would need."""
    found: dict[str, Finding] = {}
    broken = {ran.cell for ran in case.watched.cells if ran.status != "ok"}
    for one in case.program.statements:
        for node in ast.walk(one.node) if one.cell in broken else ():
            names = (
                [name.name for name in node.names] if isinstance(node, ast.Import)
                else [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            )  # fmt: skip
            for name in (each.partition(".")[0] for each in names):
                if name in case.environment.missing and name not in found:
                    declared = package_of(name).lower() in case.declared
                    found[name] = Finding(
                        "missing-package", "fault", one.cell, getattr(node, "lineno", one.first),
                        f"'{name}' is not installed for Python {case.environment.python}"
                        + (", and the notebook declares it" if declared else ""),
                        _install(name, case),
                    )  # fmt: skip
    return list(found.values())


def _install(name: str, case: Case) -> str:
    beside = [str(one.relative_to(case.folder)) for one in case.folder.rglob(f"{name}.py")][:1]
    if beside:
        return f"put {beside[0]} beside the notebook, or install it as a package"
    return f"pip install {package_of(name)}, and name it in requirements.txt"


# -- one error -------------------------------------------------------------------------------------------------


def _cause(unit: Unit, ran: Ran, case: Case) -> Finding:
    at = _failed_at(unit, ran)
    line = (ran.error[2] if ran.error else None) or (at.first if at else None)
    cell = unit.cell.number
    if ran.status == "timeout":
        return Finding("timeout", "fault", cell, line, f"it was still running after {ran.seconds:.0f} s",
                       "end the loop, work on fewer rows, or allow more time (--timeout)")  # fmt: skip
    if ran.status == "dead" or ran.error is None:
        return Finding("dead-kernel", "fault", cell, line, "the kernel died in it: it ended the process, ran out of "
                       "memory, or a library broke", "take out exit(), or work on fewer rows")  # fmt: skip
    name, told, _ = ran.error
    said = " ".join(told.split())[:300]
    if unit.fault is not None:
        return Finding("syntax", "fault", cell, line, f"this is no Python: {said}", _syntax(unit, said))
    if name == "TooMuchOutput":
        return Finding("output-size", "fault", cell, line, said, "print less: a part, or every hundredth time")
    if name == "StdinNotImplementedError":
        return Finding("input", "fault", cell, line, "it waits for somebody to type (input())",
                       "give the value a name in the first cell, or read it from a file")  # fmt: skip
    found = (
        _named(name, said, (cell, line), case) or _imports(name, said, (cell, line), case)
        or _files(name, said, (cell, line), case) or _drifted(name, said, (cell, line, at), case)
    )  # fmt: skip
    if found is not None:
        return found
    ran_then = unit.cell.count is not None and not any(o.get("output_type") == "error" for o in unit.cell.outputs)
    text = f"it breaks off with {name}: {said}" if said else f"it breaks off with {name}"
    return Finding("error", "fault", cell, line, text, _other(name, ran_then, case))


def _syntax(unit: Unit, said: str) -> str:
    source = unit.cell.source
    if re.search(r"^\s*print\s+[^(\s=]", source, re.MULTILINE):
        return "this is Python 2: write print(…)"
    return "correct the line, or make the cell a text cell if it is no code"


def _named(name: str, said: str, where: tuple[int, int | None], case: Case) -> Finding | None:
    if name not in ("NameError", "UnboundLocalError"):
        return None
    hit = re.search(r"name '(\w+)'", said)
    missing = hit[1] if hit else said
    makers = makers_of(case.program)
    if missing in makers:
        last = [one for one in makers[missing] if one.cell <= where[0]]
        if not last:
            return Finding("used-before", "fault", *where, f"it needs {missing!r}, which only "
                           f"{makers[missing][0].label} defines", f"move that cell above cell {where[0]}",
                           ("move", str(makers[missing][0].cell), str(where[0])))  # fmt: skip
        return Finding("undefined", "fault", *where, f"it needs {missing!r}, which was deleted, or was not made on the "
                       f"way that {last[-1].label} took", f"make {missing!r} on every way")  # fmt: skip
    return Finding("undefined", "fault", *where, f"it needs {missing!r}, which no cell defines",
                   f"define {missing!r} above cell {where[0]}{did_you_mean(missing, makers)}")  # fmt: skip


def _imports(name: str, said: str, where: tuple[int, int | None], case: Case) -> Finding | None:
    if name not in ("ModuleNotFoundError", "ImportError"):
        return None
    hit = re.search(r"No module named '([\w.]+)'", said)
    if hit:
        top, _, rest = hit[1].partition(".")
        if rest and top not in case.environment.missing and top in case.environment.versions:
            return Finding("version-drift", "fault", *where, f"{case.environment.named(top)} has no module {hit[1]!r}",
                           known_drift(hit[1]) or f"look up where {hit[1]} went, or pin the {top} that it was written "
                           f"for")  # fmt: skip
        return Finding("missing-package", "fault", *where, f"'{top}' is not installed for Python "
                       f"{case.environment.python}", _install(top, case))  # fmt: skip
    hit = re.search(r"cannot import name '(\w+)' from '([\w.]+)'", said)
    if hit and hit[2].partition(".")[0] in case.environment.versions:
        top = hit[2].partition(".")[0]
        return Finding("version-drift", "fault", *where, f"{case.environment.named(top)} has no {hit[1]!r} in {hit[2]}",
                       known_drift(hit[1]) or f"look up what became of {hit[1]}, or pin the {top} that it was written "
                       f"for")  # fmt: skip
    return None


def _files(name: str, said: str, where: tuple[int, int | None], case: Case) -> Finding | None:
    if _NETWORK.search(name) or "urlopen error" in said or "Max retries" in said:
        return Finding("network", "fault", *where, f"it needs the network, and got {name}: {said[:160]}",
                       "keep a copy of the data beside the notebook, or fetch it in a step of its own")  # fmt: skip
    if name not in ("FileNotFoundError", "NotADirectoryError") and not (
        name in ("OSError", "ValueError", "Exception", "IOError") and _FILE.search(said)
    ):
        return None
    hit = _FILE.search(said)
    file = (hit["one"] or hit["other"]).strip(" '\"").rstrip(".") if hit else said
    near = near_file(file, case.folder) or _below(os.path.basename(file.replace("\\", "/")), case.folder)
    shells = [f"cell {unit.cell.number}" for unit in case.program.units if unit.cell.number <= where[0]
              for one in unit.commands if one.kind == "shell"]  # fmt: skip
    remedy = (
        f"write {near!r}, which is there" if near
        else f"the shell lines of {listed(shells)} may make it and are not carried out: do that in Python" if shells
        else "put the file beside the notebook, or say in a cell where it comes from; a path counts from the "
             "notebook's own folder"
    )  # fmt: skip
    mend = ("path", file, near) if near else ()
    return Finding("missing-file", "fault", *where, f"it needs the file {file!r}, which is not there", remedy, mend)


def _below(name: str, folder: Path) -> str | None:
    found = sorted(one.relative_to(folder).as_posix() for one in folder.rglob(name)) if name.strip("*?[]. ") else []
    return found[0] if len(found) == 1 else None


def _drifted(
    name: str, said: str, where: tuple[int, int | None, Statement | None], case: Case
) -> Finding | None:  # fmt: skip
    """Names, parameters and values that the installed package does not have any more."""
    cell, line, at = where
    hit = re.search(r"module '([\w.]+)' has no attribute '(\w+)'", said) if name == "AttributeError" else None
    dropped, package = (hit[2], hit[1].partition(".")[0]) if hit else ("", "")
    own = {name for one in case.program.statements for name in one.flow.makes
           if isinstance(one.node, (ast.FunctionDef, ast.ClassDef))}  # fmt: skip
    hit = re.search(r"'(\w+)' object has no attribute '(\w+)'", said) if name == "AttributeError" else None
    if hit and hit[1] not in own and not hasattr(builtins, hit[1]) and hit[1] not in ("NoneType", "function", "module"):
        dropped, package = hit[2], _package_of_class(hit[1], at, case)
    hit = re.search(r"Invalid parameter '?(\w+)'? for estimator", said) if name == "ValueError" else None
    if hit:
        dropped, package = hit[1], "sklearn"
    hit = re.search(r"(\w+)(?:\.\w+)?\(\) got an unexpected keyword argument '(\w+)'", said)
    if name == "TypeError" and hit and hit[1] not in own:
        dropped, package = hit[2], _package_in(at, case)
    if name == "InvalidParameterError":
        hit = re.search(r"The '(\w+)' parameter of (\w+)", said)
        dropped, package = (hit[1] if hit else "a value"), "sklearn"
    if not dropped:
        return None
    saved = next(one for one in case.program.notebook.code if one.number == cell)
    ran = saved.count is not None and not any(one.get("output_type") == "error" for one in saved.outputs)
    if not ran and not known_drift(dropped):
        return None
    version = f" (saved with Python {case.program.notebook.python})" if case.program.notebook.python else ""
    return Finding(
        "version-drift", "fault", cell, line,
        f"{case.environment.named(package)} does not know {dropped!r} any more{version}: {said[:160]}",
        known_drift(dropped) or f"look up what became of {dropped}, or pin the {package} that it was written for",
    )  # fmt: skip


def _package_of_class(kind: str, at: Statement | None, case: Case) -> str:
    """The package of a class, as it was seen of a name, else as the statement names one."""
    for one in case.program.statements:
        for seen in one.event.kinds.values() if one.event else ():
            if seen.rpartition(".")[2] == kind and "." in seen:
                return seen.partition(".")[0]
    return _package_in(at, case)


def _package_in(at: Statement | None, case: Case) -> str:
    known = sorted(set(case.environment.versions) - {"os", "sys"})
    text = ast.unparse(at.node) if at else ""
    for alias, package in (("pd.", "pandas"), ("np.", "numpy"), ("plt.", "matplotlib"), ("sns.", "seaborn")):
        if alias in text and package in known:
            return package
    return "sklearn" if "sklearn" in known else known[0] if known else "the package"


def _other(name: str, ran_then: bool, case: Case) -> str:
    if name == "UnicodeDecodeError":
        return "say the file's encoding: encoding='latin-1', or the one that it was written in"
    version = case.program.notebook.python
    if ran_then:
        saved = f" with Python {version}" if version else ""
        return (
            f"it ran when it was saved{saved}: compare the versions of its packages with those here, the data, and "
            f"the cells above"
        )
    return "correct the cell, or remove it"


def _silent_change(found: Finding, case: Case) -> Iterator[Finding]:
    """Statements above a failure that ask for the text type which pandas 3 does not give any more."""
    package, version = case.environment.versions.get("pandas", ("", "0"))
    if not package or int(version.partition(".")[0]) < 3:
        return
    for one in case.program.statements:
        if found.cell is not None and one.cell <= found.cell and TEXT_TYPE.search(one.text):
            yield Finding(
                "version-drift", "fault", one.cell, one.first,
                f"pandas {version} gives text the type 'str', so this finds no column where older ones found text; "
                f"cell {found.cell} may fail for it",
                "ask with pandas.api.types.is_string_dtype, or select_dtypes(include=['object', 'str'])",
            )  # fmt: skip


TEXT_TYPE = re.compile(r"dtypes?\s*(?:==|!=)\s*(?:['\"](?:object|O)['\"]|object\b)|select_dtypes\([^)]*['\"]?object|"
                       r"dtypes?\s*\[\s*\w+\s*\]\s*==\s*['\"]?object")  # fmt: skip
