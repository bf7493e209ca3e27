"""The rules of the house as functions over a tree, so that each can be shown to catch a bad one."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

FILE, FUNCTION, FOLDER = 400, 60, 10
FLOORS = (
    ("faces",),
    ("notebook", "audit"),
    ("delivery",),
    ("learn",),
    ("engine",),
    ("graph", "data", "archive"),
    ("config",),
    ("digest", "displays", "names"),
    ("errors",),
)
SIDE_BY_SIDE = {"graph", "data", "archive", "notebook", "audit"}
HEAVY = {
    "polars": ("data/", "learn/", "delivery/", "faces/"),
    "pyarrow": ("data/",),
    "pandas": ("data/", "learn/", "delivery/", "notebook/observing/inside/"),
    "duckdb": ("data/",),
    "apsw": ("archive/catalog/", "data/sources/database/"),
    "numpy": (
        "data/",
        "learn/",
        "delivery/",
        "archive/formats/",
        "archive/fingerprint/constants/arrays.py",
        "notebook/observing/",
    ),
    "sklearn": ("learn/", "archive/formats/estimators/", "archive/formats/boosters/", "data/drift/classifier/"),
    "lightgbm": ("learn/adapting/making.py", "archive/formats/boosters/"),
    "xgboost": ("archive/formats/boosters/",),
    "torch": ("learn/networks.py",),
    "safetensors": ("archive/formats/arrays/tensors.py",),
    "onnx": ("archive/formats/onnx_graph.py", "delivery/runtime/"),
    "onnxruntime": ("delivery/runtime/",),
    "skl2onnx": ("delivery/runtime/",),
    "skops": ("archive/formats/",),
    "pydantic": ("config/typed/", "archive/formats/"),
    "yaml": ("config/reading/",),
    "rich": ("faces/",),
    "click": ("faces/",),
    "starlette": ("delivery/server/",),
    "uvicorn": ("delivery/server/", "delivery/standalone.py"),
    "msgspec": ("delivery/server/",),
    "prometheus_client": ("delivery/server/running/metrics.py",),
    "matplotlib": ("archive/formats/",),
    "PIL": ("notebook/checking/rules/pictures.py",),
    "IPython": ("notebook/",),
    "cryptography": ("delivery/trust/",),
    "nbclient": ("notebook/observing/kernel.py",),
    "nbformat": ("notebook/",),
    "jupyter_client": ("notebook/observing/kernel.py",),
}
# Who may import a heavy package when it is itself imported; each of them is imported only when it is needed.
AT_LOAD = {
    "apsw": ("archive/catalog/connection.py",),
    "click": ("faces/",),
    "msgspec": ("delivery/server/",),
    "numpy": (
        "delivery/runtime/answering.py",
        "delivery/runtime/readings.py",
        "delivery/server/protocol.py",
        "learn/measures/",
    ),
    "starlette": ("delivery/server/",),
}
BAD_NAMES = re.compile(r"^Base[A-Z]|(Manager|Utils|Impl|Helper|Helpers)$")
# Put together here, so that this file does not hold what it looks for.
MACHINE = re.compile(
    "/(?:home|Users|root|work|opt)/"
    + r"[a-z]|\b(?:localhost\.localdomain)\b|^--.*(?:index-url|find-links)|file:///"
    + r"[a-z]"
)


def sources(root: Path) -> Iterator[tuple[str, Path, ast.Module]]:
    """Every module of a package: its path inside the package, its file, and its tree."""
    for file in sorted(root.rglob("*.py")):
        yield file.relative_to(root).as_posix(), file, _tree(file, file.stat().st_mtime_ns)


@functools.cache
def _tree(file: Path, changed: int) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def too_long(root: Path) -> list[str]:
    """Files over 400 lines, functions over 60, folders over 10 files."""
    found = []
    for name, file, tree in sources(root):
        lines = len(file.read_text(encoding="utf-8").splitlines())
        if lines > FILE:
            found.append(f"{name}: {lines} lines")
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION:
                    found.append(f"{name}:{node.lineno} {node.name}: {size} lines")
    for folder in [root, *(one for one in root.rglob("*") if one.is_dir())]:
        count = len(list(folder.glob("*.py")))
        if count > FOLDER:
            found.append(f"{folder.relative_to(root).as_posix() or '.'}/: {count} files")
    return found


def without_caption(root: Path) -> list[str]:
    """Modules whose docstring does not open with one sentence, and folders with modules but no caption."""
    found = []
    for name, _, tree in sources(root):
        text = ast.get_docstring(tree) or ""
        first = text.split("\n\n")[0].strip()
        if not first.endswith((".", "!", "?", ":")):
            found.append(f"{name}: does not open with a sentence")
    for folder in root.rglob("*"):
        if folder.is_dir() and list(folder.glob("*.py")) and not (folder / "__init__.py").exists():
            found.append(f"{folder.relative_to(root).as_posix()}/: no __init__.py with a caption")
    return found


def badly_named(root: Path) -> list[str]:
    """Classes called Base…, …Manager and the like; files that bear the name of what their package exports."""
    found = []
    for name, _, tree in sources(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and BAD_NAMES.search(node.name):
                found.append(f"{name}:{node.lineno} {node.name}")
        if name.endswith("__init__.py"):
            folder = (root / name).parent
            siblings = {one.stem for one in folder.glob("*.py")} | {
                one.parent.name for one in folder.glob("*/__init__.py")
            }
            for exported in _exports(tree):
                if exported in siblings and exported != "errors":
                    found.append(f"{name}: exports {exported!r}, which is also a module of it")
    return found


def _exports(tree: ast.Module) -> set[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets
        ):
            return set(ast.literal_eval(node.value))
    return set()


def imports(root: Path) -> Iterator[tuple[str, str, str, int, bool]]:
    """Every import, lazy and type-only ones too: file, module, name, line, and whether it runs when loaded."""
    for name, _, tree in sources(root):
        package = ["solvent", *Path(name).parent.parts]
        at_load = {id(node) for node in _at_load(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield name, alias.name, "", node.lineno, id(node) in at_load
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                if node.level:
                    module = ".".join([*package[: len(package) - node.level + 1], *([module] if module else [])])
                for alias in node.names:
                    yield name, module, alias.name, node.lineno, id(node) in at_load


def _at_load(tree: ast.Module) -> Iterator[ast.stmt]:
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        todo.extend(ast.iter_child_nodes(node))


def through_the_floor(root: Path) -> list[str]:
    """Imports of a higher floor, or between rooms that stand side by side; lazy and type-only ones count."""
    level = {room: number for number, floor in enumerate(reversed(FLOORS)) for room in floor}
    found = []
    for name, module, imported, line, _ in imports(root):
        parts = module.split(".")
        if parts[0] != "solvent" or name in ("__init__.py", "__main__.py"):
            continue
        own = name.split("/")[0].removesuffix(".py")
        other = parts[1] if len(parts) > 1 else imported
        if other == own or other not in level:
            if other not in level and len(parts) == 1:
                found.append(f"{name}:{line} imports the front door")
            continue
        if own not in level or level[other] > level[own] or (level[other] == level[own] and other != own):
            found.append(f"{name}:{line} imports {module}")
    return found


def circles(root: Path) -> list[str]:
    """Modules that import one another, lazily or for types included."""
    known = {_module(name) for name, _, _ in sources(root)}
    edges: dict[str, set[str]] = {one: set() for one in known}
    for name, module, imported, _, _ in imports(root):
        target = f"{module}.{imported}" if f"{module}.{imported}" in known else module
        own = _module(name)
        if target in known and target != own and own not in ("solvent", "solvent.__main__"):
            edges[own].add(target)
    return [" ↔ ".join(sorted(one)) for one in _knots(edges) if len(one) > 1]


def _module(name: str) -> str:
    return ".".join(["solvent", *Path(name).with_suffix("").parts]).removesuffix(".__init__")


def _knots(edges: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected parts: each module with all that it reaches and that reach it."""
    reach = {}
    for start in edges:
        seen, todo = set(), [start]
        while todo:
            for other in edges[todo.pop()]:
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        reach[start] = seen
    found: list[set[str]] = []
    for one in edges:
        knot = {one} | {other for other in reach[one] if one in reach[other]}
        if knot not in found:
            found.append(knot)
    return found


def heavy_imports(root: Path) -> list[str]:
    """Heavy packages imported outside of the rooms that own them, or when a module loads instead of at first use."""
    found = []
    for name, module, _, line, at_load in imports(root):
        package = module.split(".")[0]
        if package in HEAVY and not name.startswith(HEAVY[package]):
            found.append(f"{name}:{line} imports {package}")
        elif package in HEAVY and at_load and not name.startswith(AT_LOAD.get(package, ())):
            found.append(f"{name}:{line} imports {package} when it loads")
    return found


def private_imports(root: Path) -> list[str]:
    """Imports of another module's underscore names."""
    return [
        f"{name}:{line} imports {module}.{imported}"
        for name, module, imported, line, _ in imports(root)
        if module.startswith("solvent") and imported.startswith("_") and not imported.startswith("__")
    ]


def prints(root: Path) -> list[str]:
    """Calls of print outside of faces."""
    return [
        f"{name}:{node.lineno}"
        for name, _, tree in sources(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and not name.startswith("faces/")
    ]


def unfinished(root: Path) -> list[str]:
    """Words that say that something is not done, and functions that only raise NotImplementedError."""
    words = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "for" + " now", "place" + "holder"]) + r")\b"
    )
    found = []
    for name, file, tree in sources(root):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if words.search(line):
                found.append(f"{name}:{number} {line.strip()}")
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.FunctionDef)
                and len(node.body) == 1
                and "NotImplementedError" in ast.dump(node.body[0])
            ):
                found.append(f"{name}:{node.lineno} {node.name} is a stub")
    return found


def silent_tests(root: Path) -> list[str]:
    """Tests without a sentence, and tests that can assert nothing."""
    asserting = re.compile(r"Assert\(|Try\(|raises|warns|assert_|check|fail|expect|verify")
    found = []
    for name, _, tree in sources(root):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test")):
                continue
            text = (ast.get_docstring(node) or "").strip()
            if not text.split("\n\n")[0].endswith((".", "?", "!")):
                found.append(f"{name}:{node.lineno} {node.name} has no sentence")
            if not asserting.search(ast.dump(node)):
                found.append(f"{name}:{node.lineno} {node.name} asserts nothing")
    return found


def out_of_place(tests: Path, root: Path) -> list[str]:
    """Test files that stand in no room of the house, or bear the name of another test file."""
    rooms = {one.name for one in root.iterdir() if one.is_dir()} | {"contracts", "examples", "typing"}
    found, seen = [], {}
    for file in sorted(tests.rglob("test_*.py")):
        name = file.relative_to(tests)
        if len(name.parts) > 1 and name.parts[0] not in rooms:
            found.append(f"{name.as_posix()}: there is no room {name.parts[0]!r}")
        if file.name in seen:
            found.append(f"{name.as_posix()}: named like {seen[file.name]}")
        seen[file.name] = name.as_posix()
    return found


def machine_paths(files: list[Path]) -> list[str]:
    """Lines with a path of somebody's machine, or with the address of a package index."""
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{file.name}:{number} {line.strip()[:100]}")
    return found
