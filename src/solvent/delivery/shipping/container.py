"""A model as the context of a container: a Dockerfile, the locked requirements with the carried wheel, the bundle."""

from __future__ import annotations

import json
import re

from solvent.delivery.contents.wording import plain_text
from solvent.delivery.shipping.parcel import Parcel, base_files
from solvent.errors import UsageError

__all__ = ["KEYS", "container_files", "image_of"]

KEYS = "trusted.pub"
_BASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")
_PORT = 8080

_DOCKERFILE = """\
# {title}, as it was packed. The digest below is that of its bundle; another one does not start.
ARG BASE={base}
FROM ${{BASE}}
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/model
COPY requirements.txt ./
COPY wheels/ wheels/
RUN ["python3", "-m", "venv", "/srv/python"]
RUN ["/srv/python/bin/python", "-m", "pip", "install", "--no-deps", "-r", "requirements.txt"]
COPY {copied} ./
COPY bundle/ bundle/
USER 10001:10001
RUN {check}
EXPOSE {port}
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD {health}
ENTRYPOINT {start}
"""

_HEALTH = (
    "import sys, urllib.request as r; "
    "sys.exit(r.urlopen('http://127.0.0.1:{port}/v2/health/ready', timeout=4).status != 200)"
)


def image_of(parcel: Parcel) -> str:
    """The base image where none is named: the slim one of the Python that the bundle was packed with."""
    return f"python:{parcel.bundle.manifest['python']}-slim"


def container_files(parcel: Parcel, base: str | None = None, keys: bytes | None = None) -> dict[str, bytes]:
    """The files of the context, by name, the same for the same parcel.

    ``keys`` are public keys, in the form of ``--trust``, one of which has to have signed the bundle; without them the
    image starts this very bundle and no other. Raises :class:`UsageError` for a base that is no name of an image.
    """
    base = base or image_of(parcel)
    if _BASE.fullmatch(base) is None:
        raise UsageError(f"{base!r:.100} is no name of an image, such as python:3.11-slim")
    files = base_files(parcel)
    copied = ["export.json", "CARD.md", *(["signature.json"] if parcel.signatures else ())]
    allowed = ["--allow-unsigned", parcel.bundle.digest]
    if keys is not None:
        files[KEYS] = keys
        copied.append(KEYS)
        allowed = ["--trust", KEYS]
    run = ["/srv/python/bin/python", "-m", "solvent.delivery.standalone", "bundle", *allowed]
    text = _DOCKERFILE.format(
        title=f"{parcel.model} {parcel.version}",
        base=base,
        copied=" ".join(copied),
        check=json.dumps([*run, "--check"]),
        port=_PORT,
        health=json.dumps(["/srv/python/bin/python", "-c", _HEALTH.format(port=_PORT)]),
        start=json.dumps([*run, "--host", "0.0.0.0", "--port", str(_PORT)]),
    )
    files["Dockerfile"] = text.encode()
    kept = ["Dockerfile", "README.md"]
    files[".dockerignore"] = "".join(f"{one}\n" for one in (*kept, ".git", "**/__pycache__", "**/.*")).encode()
    files["README.md"] = _readme(parcel).encode()
    return files


def _readme(parcel: Parcel) -> str:
    tag = f"{parcel.model}:{parcel.version}".lower()
    lines = [
        f"# {plain_text(parcel.model)} {parcel.version} in a container", "", "```sh",
        f"docker build -t {tag} .",
        f"docker run --read-only --tmpfs /tmp -e SOLVENT_TOKEN -p 127.0.0.1:{_PORT}:{_PORT} {tag}",
        "```", "",
        "The building answers the golden rows of the bundle, and fails where one answer is another than when it was "
        "packed. The container asks for the token that is in `SOLVENT_TOKEN` when it starts; none is in the image. "
        "Asked by another name than `localhost`, give it that name behind the image: `--allow-host NAME`. "
        "`--build-arg BASE=…` takes another base with Python "
        f"{plain_text(parcel.bundle.manifest['python'])}; name it by its digest (`python@sha256:…`) where the image "
        "is to be the same to the last byte.", "",
    ]  # fmt: skip
    return "\n".join(lines)
