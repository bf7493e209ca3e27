"""The text that puts the probe into a kernel, whichever interpreter that has."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["portray", "start"]


def start(out: str, seed: int | None = None) -> str:
    """What a kernel carries out to be watched; what is seen is written to ``out``, generators begin with ``seed``."""
    return (
        _module("_solvent_stamps", "stamps.py")
        + _module("_solvent_keeping", "keeping.py")
        + _module("_solvent_probe", "probe.py")
        + "import sys as _s\n_s.modules['_solvent_probe'].PROBE = _s.modules['_solvent_probe'].Probe("
        + f"_s.modules['_solvent_stamps'], get_ipython(), {out!r}, {seed!r})\ndel _s\n"
    )


def portray() -> str:
    """What a kernel carries out to be able to portray values."""
    return _module("_solvent_portray", "portray.py")


def _module(name: str, file: str) -> str:
    text = files("solvent.notebook.observing.inside").joinpath(file).read_text(encoding="utf-8")
    return (
        f"import sys as _s, types as _t\n_m = _s.modules[{name!r}] = _t.ModuleType({name!r})\n"
        f"exec(compile({text!r}, {name!r}, 'exec'), _m.__dict__)\ndel _s, _t, _m\n"
    )
