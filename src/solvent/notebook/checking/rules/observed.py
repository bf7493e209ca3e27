"""What was seen while it ran: objects that another cell changes, and random numbers that nothing seeded."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from solvent.notebook.checking.findings import Finding
from solvent.notebook.flow.program import Program, Statement
from solvent.notebook.flow.roles import called_names

__all__ = ["find_mutated", "find_unseeded"]

# Of these it is usual that one cell makes them and others change them: a plot is drawn, a model fitted.
_USUAL = (
    "matplotlib.", "seaborn.", "plotly.", "sklearn.", "xgboost.", "lightgbm.", "catboost.", "torch.", "keras.",
    "tensorflow.", "numpy.random.", "random.", "sqlite3.", "_io.", "generator", "ipywidgets.", "statsmodels.", "tqdm.",
    "folium.", "networkx.", "module", "type", "function", "collections.Counter", "imblearn.",
)  # fmt: skip
_DATA = ("list", "dict", "set", "bytearray", "numpy.ndarray", "collections.")
_TABLES = ("DataFrame", "Series", "Index", "LazyFrame")
_AGAIN = frozenset({"append", "extend", "insert", "pop", "popitem", "remove", "reverse", "set_index", "reset_index",
                    "drop", "shift", "appendleft", "subtract", "melt"})  # fmt: skip


def find_mutated(program: Program) -> Iterator[Finding]:
    """Objects that a cell changes and another one made.

    A fault where the cell that is run twice would give something else, or where its text does not show what it
    changes; else a hint.
    """
    made: dict[str, Statement] = {}
    told: set[tuple[int, str]] = set()
    for one in program.statements:
        event = one.event
        if event is None:
            continue
        for name in sorted(one.altered):
            maker = made.get(name)
            kind = event.kinds.get(name, "")
            if maker is None or maker.cell == one.cell or (one.cell, name) in told or _is_usual(kind):
                continue
            told.add((one.cell, name))
            found = _mutated(one, name, maker, kind)
            if found is not None:
                yield found
        for name in one.bound:
            made[name] = one


def _is_usual(kind: str) -> bool:
    # Groups and the like of tables remember what they were asked.
    return kind.startswith(_USUAL) or (kind.startswith(("pandas.", "polars.")) and not _is_data(kind))


def _is_data(kind: str) -> bool:
    return kind.startswith(_DATA) or (kind.startswith(("pandas.", "polars.")) and kind.endswith(_TABLES))


def _mutated(one: Statement, name: str, maker: Statement, kind: str) -> Finding | None:
    data = _is_data(kind)
    how = _how(one, name)
    if how == "hidden":
        if not data:
            return None
        twins = sorted(other for group in (one.event.alike if one.event else ()) if name in group
                       for other in group if other != name)  # fmt: skip
        other = next((twin for twin in twins if twin in one.flow.alters), None)
        text = (
            f"it changes {name!r} of cell {maker.cell} by its other name {other!r}" if other
            else f"it changes {name!r}, made in cell {maker.cell}, and its text does not show that"
        )  # fmt: skip
        return Finding(
            "mutated", "fault", one.cell, one.first, text,
            f"change a copy: {other or name} = {name}.copy()" if other and kind != "list"
            else f"let it return a new object, or give it a copy of {name!r}",
        )  # fmt: skip
    if how == "again" and data:
        return Finding(
            "mutated", "fault", one.cell, one.first,
            f"it changes {name!r}, made in cell {maker.cell}, and changes it again each time that the cell is run",
            f"make a new object under a new name, or move this into cell {maker.cell}",
        )  # fmt: skip
    return Finding(
        "mutated", "hint", one.cell, one.first, f"it changes {name!r}, made in cell {maker.cell}",
        f"a new name (or {name}.assign(…), {name}.copy()) keeps what cell {maker.cell} made"
        if kind.startswith("pandas.") else f"a new object keeps what cell {maker.cell} made",
    )  # fmt: skip


def _how(one: Statement, name: str) -> str:
    """Whether the text shows the change, and whether a second run of the cell would change it again."""
    if name not in one.flow.alters:
        loops = (node for node in ast.walk(one.node) if isinstance(node, (ast.For, ast.comprehension)))
        return "shown" if any(_changes_items(loop, one, name) for loop in loops) else "hidden"
    for node in ast.walk(one.node):
        if isinstance(node, ast.AugAssign) and _root(node.target) == name:
            return "again"
        if isinstance(node, ast.Delete) and any(_root(target) == name for target in node.targets):
            return "again"
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in _AGAIN and _root(called.value) == name:
            return "again"
    return "shown"


def _changes_items(loop: ast.For | ast.comprehension, one: Statement, name: str) -> bool:
    """Whether a loop goes over what a name holds, and changes its items: fits the models of a list."""
    over = {node.id for node in ast.walk(loop.iter) if isinstance(node, ast.Name)}
    items = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    return name in over and bool(items & one.flow.alters)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


# -- randomness ------------------------------------------------------------------------------------------------

_GENERATORS = {"random": "Python's random", "numpy": "NumPy's", "torch": "PyTorch's"}
SEEDS = {
    "random": "import random\n\nrandom.seed(0)",
    "numpy": "import numpy as np\n\nnp.random.seed(0)",
    "torch": "import torch\n\ntorch.manual_seed(0)",
}
_SEEDERS = ("seed", "manual_seed", "set_seed", "seed_everything", "setstate", "set_state")
_MAKERS = ("default_rng", "RandomState", "Random", "Generator", "PCG64", "SeedSequence")


def find_unseeded(program: Program, other: Program, shown: Collection[int]) -> Iterator[Finding]:
    """Statements that threw shared dice before anything seeded them, and own generators without a seed.

    ``other`` is the second run, ``shown`` the cells that showed something else in it; an own generator counts where
    values or outputs below it were not the same.
    """
    seeded: set[str] = set()
    told: set[tuple[str, int]] = set()
    last = max([-1, *_differing(program, other), *(one.place for one in program.statements if one.cell in shown)])
    for one in program.statements:
        event = one.event
        if event is None or isinstance(one.node, (ast.Import, ast.ImportFrom)):
            continue
        called = set(called_names(one.node))
        if called & set(_SEEDERS):
            seeded |= _seeded_by(one.node, set(event.dice))
        for name in event.dice:
            if name not in seeded and (name, one.cell) not in told and not called & set(_SEEDERS):
                told.add((name, one.cell))
                yield _unseeded(one, name)
        for node in ast.walk(one.node):
            if isinstance(node, ast.Call) and _is_unseeded(node) and one.place <= last:
                yield Finding(
                    "unseeded", "fault", one.cell, node.lineno,
                    f"{ast.unparse(node)} begins from another state each time, and what follows from it was not the "
                    f"same in two runs",
                    f"give it a seed: {ast.unparse(node)[:-1]}0)",
                    ("generator", ast.unparse(node), f"{ast.unparse(node)[:-1]}0)"),
                )  # fmt: skip


def _unseeded(one: Statement, name: str) -> Finding:
    states = [node for node in ast.walk(one.node) if isinstance(node, ast.Call)]
    takes = any(next(called_names(node), "") in ("train_test_split", "sample", "KMeans") for node in states)
    return Finding(
        "unseeded", "fault", one.cell, one.first,
        f"it throws dice of {_GENERATORS.get(name, name)} generator, and no cell above seeds it: each run gives "
        f"something else",
        ("give it random_state=0, or seed" if takes else "seed") + f" the generator in the first cell: "
        f"{SEEDS[name].splitlines()[-1] if name in SEEDS else 'with its own seed'}",
        ("seed", name),
    )  # fmt: skip


def _seeded_by(node: ast.AST, changed: set[str]) -> set[str]:
    """Which generators a seeding statement sets: by what it calls, else those that it changed."""
    text = ast.unparse(node)
    found = set(changed)
    if "np.random" in text or "numpy.random" in text:
        found.add("numpy")
    if text.startswith("random.seed") or " random.seed" in text:
        found.add("random")
    if "manual_seed" in text:
        found.add("torch")
    return found | (set(SEEDS) if "seed_everything" in text or "set_seed" in text else set())


def _is_unseeded(node: ast.Call) -> bool:
    name = next(called_names(node), "")
    return name in _MAKERS and not node.args and not node.keywords


def _differing(program: Program, other: Program) -> list[int]:
    """The places of statements that gave numbers or tables which were not the same in both runs."""
    found = []
    for one, two in zip(program.statements, other.statements, strict=True):
        if one.event is None or two.event is None:
            continue
        for name, stamp in one.event.stamps.items():
            kind = one.event.kinds.get(name, "")
            compared = kind in ("int", "float", "list") or kind.startswith(("numpy.", "pandas.", "polars."))
            if compared and not kind.startswith("numpy.random") and two.event.stamps.get(name, stamp) != stamp:
                found.append(one.place)
    return found
