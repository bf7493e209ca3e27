"""A model as MLflow keeps them: its ``python_function`` flavour, in plain text, with no pickle and without MLflow."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from solvent.delivery.contents.requirements import lock_requirements
from solvent.delivery.shipping.folder import example_of
from solvent.delivery.shipping.parcel import Parcel, base_files, locked

__all__ = ["pyfunc_files", "rows_as_split"]

_LOADER = "solvent.delivery.shipping.mlflow_loader"
_TYPES = {"bool": "boolean", "int": "long", "float": "double", "text": "string", "date": "datetime", "time": "string"}


def pyfunc_files(parcel: Parcel) -> dict[str, bytes]:
    """The files of the model's folder, by name; ``mlflow.pyfunc.load_model`` opens it where Solvent is installed.

    MLflow has requirements of its own, so only what the model's answers hang on is pinned for it, not the server.
    """
    files = base_files(parcel)
    python = str(parcel.bundle.manifest["python"])
    (wheel,) = (name for name in files if name.startswith("wheels/"))
    needs = _needs(parcel, wheel)
    files["requirements.txt"] = ("\n".join(needs) + "\n").encode()
    split = rows_as_split(parcel, [example_of(parcel)])
    files["input_example.json"] = json.dumps(split, ensure_ascii=False).encode()
    files["serving_input_example.json"] = json.dumps({"dataframe_split": split}, ensure_ascii=False).encode()
    files["python_env.yaml"] = _yaml({"python": python, "build_dependencies": ["pip"], "dependencies": _REFERRED})
    environment = {"name": "mlflow-env", "channels": ["conda-forge"]}
    files["conda.yaml"] = _yaml({**environment, "dependencies": [f"python={python}", "pip", {"pip": needs}]})
    files["MLmodel"] = _yaml(_model(parcel, python))
    return files


def rows_as_split(parcel: Parcel, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rows as MLflow's ``dataframe_split`` has them. Its times have no zone: those that have one here are UTC there."""
    columns = {str(one["name"]): str(one["kind"]) for one in parcel.bundle.manifest["columns"]}

    def cell(value: Any, kind: str) -> Any:
        if value is None or not kind.startswith("datetime "):
            return value
        return dt.datetime.fromisoformat(value).astimezone(dt.UTC).replace(tzinfo=None).isoformat()

    return {"columns": list(columns), "data": [[cell(row[name], columns[name]) for name in columns] for row in rows]}


_REFERRED = ["-r requirements.txt"]


def _needs(parcel: Parcel, wheel: str) -> list[str]:
    versions = locked(parcel.bundle)
    named = lock_requirements(parcel.bundle.manifest.get("imports", ("polars", "numpy")), serving=False)
    return ["mlflow", f"./{wheel}", *(f"{name}=={versions[name]}" for name in named if name in versions)]


def _model(parcel: Parcel, python: str) -> dict[str, Any]:
    bundle = parcel.bundle
    flavour = {
        "loader_module": _LOADER,
        "data": "bundle",
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
        "python_version": python,
    }
    example = {
        "artifact_path": "input_example.json",
        "pandas_orient": "split",
        "serving_input_path": "serving_input_example.json",
        "type": "dataframe",
    }
    inputs = [_input(one) for one in bundle.manifest["columns"]]
    outputs = [{"type": _answered(bundle.golden[0]["prediction"]), "name": "prediction", "required": True}]
    outputs += [
        {"type": "double", "name": f"probability_{one}", "required": True}
        for one in bundle.manifest["classes"]
        if "probability" in bundle.golden[0]
    ]
    told = {"model": parcel.model, "version": parcel.version, "bundle": bundle.digest}
    return {
        "flavors": {"python_function": flavour},
        "metadata": {"solvent": told},
        "saved_input_example_info": example,
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None},
    }


def _input(column: Mapping[str, Any]) -> dict[str, Any]:
    """A column as MLflow's schema has it. It would make false of a missing truth value, and has no missing integers."""
    kind, missing = str(column["kind"]).partition(" ")[0], bool(column["nullable"])
    named = "datetime" if kind == "datetime" else _TYPES[kind]
    if missing:
        named = {"long": "double", "boolean": "any"}.get(named, named)
    return {"type": named, "name": column["name"], "required": not missing}


def _answered(value: Any) -> str:
    kinds: Sequence[tuple[type, str]] = ((bool, "boolean"), (int, "long"), (float, "double"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "string")


def _yaml(body: Mapping[str, Any]) -> bytes:
    """Plain data as YAML: one key a line, and JSON, which YAML is a superset of, behind each."""
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in body.items()).encode()
