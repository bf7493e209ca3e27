"""Settings are gathered: sources and what they extend, left to right, then the profile, then ``--set``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from solvent.config.block import OPTIONS, TOP, WORDS, Settings
from solvent.config.interpolation import interpolate
from solvent.config.leaf import Branch, Leaf, Node, Origin, Text, is_broken, is_null, plain
from solvent.config.merging import merge
from solvent.config.reading import read_file, read_mapping, read_set
from solvent.config.secret import Resolver
from solvent.config.typed import validate
from solvent.errors import Problem, SettingsError, did_you_mean

__all__ = ["load_settings"]


def load_settings(
    sources: Sequence[Path | str | Mapping[str, Any]],
    *,
    root: Path,
    sets: Sequence[str] = (),
    profile: str | None = None,
    now: datetime | None = None,
    secrets: Resolver | None = None,
    problems: list[Problem] | None = None,
) -> Settings:
    """The settings of files and dicts, the last of which wins; every fault of them in one :class:`SettingsError`.

    With ``problems``, faults that leave the rest readable are added to it instead of raised, for whoever goes on to
    look for others; each broken value is ``BROKEN`` then.

    ``root`` is the project's folder: relative paths, also those under ``extends:``, start there (a relative
    source is first looked for in the current folder). ``now`` gives ``${run.date}``, ``secrets`` the text of a
    secret when it is revealed.
    """
    gathering = _Gathering(Path(root))
    for source in sources:
        gathering.source(source)
    tree = gathering.finish(sets, profile)
    found = gathering.problems
    if found:
        _check_words(tree, found)
        raise SettingsError(found)
    tree = interpolate(_dated(tree, now), secrets, found)
    _check_words(tree, found)
    soft = list(found)
    tree = _check_aside(tree, soft)
    found[:] = soft
    _check_shape(tree, found, soft)
    if len(found) > len(soft) or (found and (problems is None or _leads(tree))):
        raise SettingsError(found)
    if problems is not None:
        problems.extend(found)
    return Settings(tree)


def _leads(tree: Node, path: tuple[Any, ...] = ()) -> bool:
    """Whether something is broken that decides what else is looked at: the pipeline, a step's class or options."""
    if isinstance(tree, Branch):
        return any(_leads(child, (*path, name)) for name, child in tree.children.items())
    if not is_broken(tree.value):
        return False
    if path[0] == "steps":
        return path[-1] in WORDS or path[-2:-1] in ((), ("steps",)) or "options" in path
    return len(path) == 1 or path[0] not in ("inputs", "settings", "vars")


@dataclass(slots=True)
class _Gathering:
    """The layers as they come, and what was wrong with them."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    tree: Branch = field(default_factory=lambda: Branch({}, Origin("code")))
    profiles: list[Branch] = field(default_factory=list)

    def source(self, source: Path | str | Mapping[str, Any]) -> None:
        """Merge one source, after all that it extends."""
        if isinstance(source, Mapping):
            try:
                self.layer(read_mapping(source), None, ())
            except ValueError as error:
                self.problems.append(Problem("code", str(error)))
            return
        path = Path(source).expanduser()
        if not path.is_absolute() and not path.exists():
            path = self.root / path
        self.file(path, ())

    def file(self, path: Path, above: tuple[Path, ...]) -> None:
        """Merge one file; ``above`` are the files that extend it."""
        self.layer(read_file(path, self.shown(path), self.problems), path, (*above, path.resolve()))

    def layer(self, tree: Branch, path: Path | None, above: tuple[Path, ...]) -> None:
        """Merge one read tree over what is there."""
        children = dict(tree.children)
        extends, profiles = children.pop("extends", None), children.pop("profiles", None)
        for text, origin in self.extended(extends):
            found = self.found(text, path)
            if found.resolve() in above:
                circle = [*above[above.index(found.resolve()) :], found]
                names = " → ".join(self.shown(one) for one in circle)
                self.problems.append(Problem(str(origin), f"extends: the files extend each other in a circle: {names}"))
            elif not found.exists():
                what = f"extends: there is no file {text!r}, seen from {_places(path)}"
                self.problems.append(Problem(str(origin), what))
            else:
                self.file(found, above)
        if isinstance(profiles, Branch):
            self.profiles.append(profiles)
        elif profiles is not None and not is_null(profiles):
            self.problems.append(Problem(str(profiles.origin), "profiles: expected a mapping of profiles by name"))
        self.tree = merge(self.tree, Branch(children, tree.origin))

    def extended(self, node: Node | None) -> list[tuple[str, Origin]]:
        """The paths under ``extends:``."""
        if node is None or is_null(node):
            return []
        values = node.value if isinstance(node, Leaf) and isinstance(node.value, (list, tuple)) else [plain(node)]
        paths = []
        for place, value in enumerate(values):
            origin = node.at((place,)) if isinstance(node, Leaf) else node.origin
            if isinstance(value, (str, Path)) and str(value) and "${" not in str(value):
                paths.append((str(value), origin))
            else:
                self.problems.append(Problem(str(origin), "extends: expected the path of a file, or a list of such"))
        return paths

    def found(self, text: str, path: Path | None) -> Path:
        """An extended file: from the project's root, or else from the file that extends it."""
        first = self.root / Path(text).expanduser()
        if not first.exists() and path is not None and (path.parent / text).exists():
            return path.parent / text
        return first

    def shown(self, path: Path) -> str:
        """A path as origins name it: from the root, where it lies inside."""
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except (ValueError, OSError):
            return str(path)

    def finish(self, sets: Sequence[str], profile: str | None) -> Branch:
        """The whole tree: the profile and what was set go last."""
        if profile is not None:
            self.apply_profile(profile)
        for text in sets:
            try:
                layer = read_set(text)
            except ValueError as error:
                self.problems.append(Problem("--set", str(error)))
                continue
            word = next(iter(layer.children))
            if word in ("extends", "profiles"):
                self.problems.append(Problem("--set", f"{word!r} stands in a file only, it cannot be set"))
                continue
            self.tree = merge(self.tree, layer)
        return self.tree

    def apply_profile(self, profile: str) -> None:
        """Merge what every source says for a profile."""
        known = list(dict.fromkeys(str(name) for one in self.profiles for name in one.children))
        if profile not in known:
            have = f" There are: {', '.join(sorted(known))}." if known else " These settings have no profiles."
            hint = did_you_mean(profile, known) or have
            self.problems.append(Problem("--profile", f"there is no profile {profile!r}.{hint}"))
        for one in self.profiles:
            layer = one.children.get(profile)
            if layer is None or is_null(layer):
                continue
            if isinstance(layer, Leaf):
                self.problems.append(Problem(str(layer.origin), f"profiles.{profile}: expected a mapping of settings"))
                continue
            for word in ("extends", "profiles"):
                if word in layer.children:
                    where = str(layer.children[word].origin)
                    self.problems.append(Problem(where, f"profiles.{profile}.{word}: {word!r} stands at the top only"))
            children = {name: node for name, node in layer.children.items() if name not in ("extends", "profiles")}
            self.tree = merge(self.tree, Branch(children, layer.origin))


def _places(path: Path | None) -> str:
    return "the project's root or from the file itself" if path is not None else "the project's root"


def _dated(tree: Branch, now: datetime | None) -> Branch:
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    start = Origin("the run's start")
    date = Branch({"run": Branch({"date": Leaf(Text(moment.date().isoformat()), start)}, start)}, start)
    run = tree.children.get("run")
    if run is None or is_null(run):
        return merge(tree, date)
    if isinstance(run, Branch) and "date" not in run.children:
        return merge(tree, date)
    return tree


# -- the shape of settings: which words may stand where --------------------------------------------------------------


def _check_words(tree: Branch, problems: list[Problem]) -> None:
    for name, node in tree.children.items():
        if name in TOP:
            continue
        hint = did_you_mean(str(name), TOP)
        if not hint:
            hint = " A step's settings stand under steps.NAME, the pipeline's under settings, free values under vars."
            if name == "options":
                hint = " Options stand in a step's own block: steps.NAME.options."
        problems.append(Problem(str(node.origin), f"{name}: there is no such word at the top of settings.{hint}"))


def _check_aside(tree: Branch, problems: list[Problem]) -> Branch:
    """The settings without those words that are wrong, and that nothing else which can be wrong hangs on."""
    kept = {}
    for word, node in tree.children.items():
        before = len(problems)
        if word in ("name", "seed") and not is_null(node):
            _typed(node, word, str if word == "name" else int, problems)
        elif word in ("run", "vars"):
            _mapping(node, word, problems)
        if word == "run" and isinstance(node, Branch):
            for name, part in node.children.items():
                if name == "date":
                    from datetime import date

                    _typed(part, "run.date", date, problems)
                else:
                    problems.append(Problem(str(part.origin), f"run.{name}: of a run only 'date' can be set"))
        if len(problems) == before:
            kept[word] = node
    return Branch(kept, tree.origin)


def _check_shape(tree: Branch, problems: list[Problem], soft: list[Problem]) -> None:
    """What is where it cannot be. Of that, options that there are not are ``soft`` too: nothing hangs on them."""
    children = tree.children
    for word in ("inputs", "steps", "settings"):
        _mapping(children.get(word), word, problems)
    pipeline = children.get("pipeline")
    if isinstance(pipeline, Branch) or (isinstance(pipeline, Leaf) and isinstance(pipeline.value, (list, int, float))):
        problems.append(Problem(str(pipeline.origin), "pipeline: expected a pipeline written 'module:name'"))
    for word in ("steps", "settings"):
        node = children.get(word)
        if isinstance(node, Branch) and word == "steps":
            _check_steps(node, "steps", problems, soft)
        elif isinstance(node, Branch):
            _check_names(node, word, problems)


def _check_steps(steps: Branch, path: str, problems: list[Problem], soft: list[Problem]) -> None:
    _check_names(steps, path, problems)
    for name, block in steps.children.items():
        here = f"{path}.{name}"
        if not _mapping(block, here, problems):
            continue
        assert isinstance(block, Branch)
        _check_names(block, here, problems)
        for word in WORDS:
            node = block.children.get(word)
            if node is None or word == "of" or is_null(node):
                continue
            if word == "use":
                if isinstance(node, Branch) or isinstance(node.value, (int, float)):
                    problems.append(Problem(str(node.origin), f"{here}.use: expected 'module:name' or a short name"))
            elif _mapping(node, f"{here}.{word}", problems):
                assert isinstance(node, Branch)
                _check_names(node, f"{here}.{word}", problems)
                if word == "steps":
                    _check_steps(node, f"{here}.steps", problems, soft)
                elif word == "options":
                    _check_options(node, f"{here}.options", problems, soft)


def _check_options(options: Branch, path: str, problems: list[Problem], soft: list[Problem]) -> None:
    for name, node in options.children.items():
        if name not in OPTIONS:
            hint = did_you_mean(str(name), OPTIONS) or f" There are: {', '.join(OPTIONS)}."
            problems.append(Problem(str(node.origin), f"{path}.{name}: there is no option {name!r}.{hint}"))
            soft.append(problems[-1])


def _check_names(branch: Branch, path: str, problems: list[Problem]) -> None:
    for name, node in branch.children.items():
        if not isinstance(name, str):
            problems.append(Problem(str(node.origin), f"{path}: a key here is a name, not {name!r}"))


def _mapping(node: Node | None, path: str, problems: list[Problem]) -> bool:
    if isinstance(node, Branch):
        return True
    if node is not None and not is_null(node) and not is_broken(node.value):
        from solvent.config.typed.faults import shown

        what = f"{path}: expected a mapping of names to values, got {shown(node.value)}"
        problems.append(Problem(str(node.origin), what))
    return False


def _typed(node: Node, path: str, kind: Any, problems: list[Problem]) -> None:
    if is_broken(plain(node)):
        return
    try:
        validate(plain(node), kind, from_file=True)
    except ValueError as error:
        problems.append(Problem(str(node.origin), f"{path}: {error}"))
