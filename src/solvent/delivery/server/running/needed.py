"""What a server is made of beside the core, and which of it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["missing_to_serve"]


def missing_to_serve() -> list[str]:
    """The packages of ``solvent[serve]`` without which nothing can be served here."""
    return [one for one in ("starlette", "uvicorn", "msgspec", "prometheus_client") if find_spec(one) is None]
