"""The project's own file: where it begins, where its archive lies, and which code is the user's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from solvent.config.interpolation import interpolate
from solvent.config.leaf import Branch, Leaf, Node, Origin, plain
from solvent.config.reading.file import decode
from solvent.config.reading.toml_text import read_toml
from solvent.config.secret import Resolver, Secret, from_environment, secret_resolver
from solvent.config.typed import Invalid, validate
from solvent.config.typed.faults import shown
from solvent.errors import Problem, SettingsError, did_you_mean

__all__ = ["ProjectFile", "load_project_file"]

KEYS: Final = (
    "archive",
    "code",
    "default",
    "plugs",
    "secrets",
    "allow_pickle",
    "retention",
    "formats",
    "statistics",
    "keep_sources",
    "trust",
)


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What a project says of itself; nothing here changes a result, so none of it is in a key.

    ``store`` and ``catalog`` are a path or an address (a :class:`Secret` where it holds one), None for the
    default under ``root``. ``code`` are the folders of the user's own code. ``allow_pickle`` names the types
    that may be kept by pickle. ``statistics`` says whether every table gets its profile; ``keep_sources`` up to how
    many bytes the rows of files are kept, where an input does not say. ``trust`` names the public keys whose
    signatures under bundles count. ``secret`` finds the text of a secret by its name. ``file`` is None where there is
    no project file.
    """

    root: Path
    store: str | Secret | None = None
    catalog: str | Secret | None = None
    code: tuple[Path, ...] = ()
    default: str | None = None
    plugs: tuple[str, ...] = ()
    secrets: Any = "environment"
    allow_pickle: tuple[str, ...] = ()
    retention: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    formats: tuple[str, ...] = ()
    statistics: bool = True
    keep_sources: int = 1024**3
    trust: tuple[str, ...] = ()
    file: Path | None = None
    secret: Resolver = from_environment

    @property
    def archive(self) -> Path:
        """The folder of what has no place of its own: ``.solvent`` under the root."""
        return self.root / ".solvent"


def load_project_file(folder: Path) -> ProjectFile:
    """The project that ``folder`` belongs to: the nearest ``solvent.toml``, or ``[tool.solvent]``, upward.

    Where there is neither, ``folder`` itself is the root. Raises :class:`SettingsError` with every fault.
    """
    start = folder.resolve()
    for place in (start, *start.parents):
        file = place / "solvent.toml"
        if file.is_file():
            return _read(file, ())
        file = place / "pyproject.toml"
        if file.is_file() and _has_section(file):
            return _read(file, ("tool", "solvent"))
    return ProjectFile(start, code=_default_code(start))


def _default_code(root: Path) -> tuple[Path, ...]:
    return (root, root / "src") if (root / "src").is_dir() else (root,)


def _has_section(file: Path) -> bool:
    """Whether a pyproject.toml has a section of ours; one that cannot be read is not ours to complain of."""
    import tomllib

    try:
        text = file.read_text(encoding="utf-8")
        return "solvent" in text and isinstance(tomllib.loads(text).get("tool", {}).get("solvent"), dict)
    except (OSError, ValueError, AttributeError):
        return False


def _read(file: Path, section: tuple[str, ...]) -> ProjectFile:
    problems: list[Problem] = []
    root = file.parent
    text = decode(file, file.name, problems)
    tree = read_toml(text, file.name, problems) if text is not None else Branch({}, Origin(file.name))
    for name in section:
        inner = tree.children.get(name)
        tree = inner if isinstance(inner, Branch) else Branch({}, tree.origin)
    if problems:
        raise SettingsError(problems)
    for name, node in tree.children.items():
        if name not in KEYS:
            hint = did_you_mean(name, KEYS) or f" There are: {', '.join(KEYS)}."
            problems.append(Problem(str(node.origin), f"{name}: a project has no such key.{hint}"))
    resolver = _resolver(tree.children.get("secrets"), root, problems)
    tree = interpolate(tree, resolver, problems)
    made = _made(tree, root, problems)
    if problems:
        raise SettingsError(problems)
    return ProjectFile(root, **made, file=file, secret=resolver)


def _made(tree: Branch, root: Path, problems: list[Problem]) -> dict[str, Any]:
    children = tree.children
    made: dict[str, Any] = _archive(children.get("archive"), problems)
    folders = _typed(children.get("code"), "code", list[str] | str, problems)
    folders = [folders] if isinstance(folders, str) else folders
    made["code"] = tuple(root / Path(one) for one in folders) if folders else _default_code(root)
    for name in ("plugs", "allow_pickle", "formats"):
        made[name] = tuple(_typed(children.get(name), name, list[str], problems) or ())
    made["default"] = _typed(children.get("default"), "default", str, problems)
    statistics = _typed(children.get("statistics"), "statistics", bool, problems)
    made["statistics"] = statistics is not False
    made["trust"] = _trust(children.get("trust"), problems)
    if "keep_sources" in children:
        made["keep_sources"] = _bytes(children["keep_sources"], problems)
    retention = _typed(children.get("retention"), "retention", dict[str, Any], problems)
    made["retention"] = MappingProxyType(retention or {})
    if "secrets" in children:
        made["secrets"] = plain(children["secrets"])
    return made


def _archive(node: Node | None, problems: list[Problem]) -> dict[str, Any]:
    if node is None:
        return {}
    if isinstance(node, Leaf):
        what = f"archive: expected a table with store and catalog, got {shown(node.value)}"
        problems.append(Problem(str(node.origin), what))
        return {}
    for name, child in node.children.items():
        if name not in ("store", "catalog"):
            hint = did_you_mean(name, ("store", "catalog"))
            problems.append(Problem(str(child.origin), f"archive.{name}: an archive has store and catalog only.{hint}"))
    kind = str | Secret
    return {name: _typed(node.children.get(name), f"archive.{name}", kind, problems) for name in ("store", "catalog")}


def _trust(node: Node | None, problems: list[Problem]) -> tuple[str, ...]:
    if node is None:
        return ()
    if isinstance(node, Leaf):
        problems.append(Problem(str(node.origin), f"trust: expected a table with keys, got {shown(node.value)}"))
        return ()
    for name, child in node.children.items():
        if name != "keys":
            hint = did_you_mean(name, ("keys",))
            problems.append(Problem(str(child.origin), f"trust.{name}: trust has keys only.{hint}"))
    return tuple(_typed(node.children.get("keys"), "trust.keys", list[str], problems) or ())


def _typed(node: Node | None, path: str, kind: Any, problems: list[Problem]) -> Any:
    if node is None:
        return None
    try:
        return validate(plain(node), kind, from_file=True)
    except Invalid as error:
        problems.append(Problem(str(node.origin), f"{path}: {error}"))
        return None


def _bytes(node: Node, problems: list[Problem]) -> int:
    """A number of bytes: ``1 GiB``, ``500 MB``, or a whole number of them."""
    text = str(plain(node)).strip()
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kKMGTP]?)(i?)B?", text)
    if found is None:
        problems.append(Problem(str(node.origin), f"keep_sources: expected a size such as '1 GiB', got {text!r:.60}"))
        return 0
    return int(float(found[1]) * (1024 if found[3] else 1000) ** " kMGTP".index(found[2].replace("K", "k") or " "))


def _resolver(node: Node | None, root: Path, problems: list[Problem]) -> Callable[[str], str]:
    if node is None:
        return from_environment
    try:
        return secret_resolver(plain(node), root)
    except ValueError as error:
        problems.append(Problem(str(node.origin), str(error)))
        return from_environment
