"""What documents the server: its interface as OpenAPI has it, and a page for people with an example to try."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from solvent.delivery.server.lines.served import Served
from solvent.learn.tables.schema import Column

__all__ = ["describe_api", "draw_page", "example_of"]

_TYPES = {"bool": "boolean", "int": "integer", "float": "number"}
_PROBLEMS = {
    "400": "The body is no JSON",
    "401": "A token is needed",
    "403": "Pages of other sites may not ask",
    "404": "There is no such model or version",
    "408": "The body did not arrive in time",
    "413": "The body is too large",
    "415": "The content type is another one",
    "421": "The server does not answer for this host",
    "422": "The rows do not fit, each fault with its row, column and reason",
    "429": "Too many requests at a time",
    "504": "The answer was not there in time",
}


def example_of(columns: Sequence[Column]) -> dict[str, Any]:
    """A record that can be asked."""
    return {one.name: one.example for one in columns}


def describe_api(models: Sequence[Served]) -> dict[str, Any]:
    """The interface as OpenAPI 3.1, with the columns of each model as schemas."""
    from importlib.metadata import version

    schemas: dict[str, Any] = {"Problem": _problem_schema()}
    paths: dict[str, Any] = {
        "/healthz": {"get": _read("The server answers, and for which versions")},
        "/v2": {"get": _read("The server's metadata")},
        "/v2/health/live": {"get": _read("The server answers")},
        "/v2/health/ready": {"get": {**_read("Requests may be sent here"), "responses": {**_OK, "503": _OK["200"]}}},
    }
    for one in models:
        schemas |= _schemas(one)
        paths |= _paths(one, alone=len(models) == 1)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": ", ".join(f"{one.model} {one.version}" for one in models),
            "version": version("solvent"),
            "description": "Predictions. Every answer names the version that made it, and has an id.",
        },
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


_OK = {"200": {"description": "Done", "content": {"application/json": {"schema": {"type": "object"}}}}}


def _read(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": dict(_OK)}


def _paths(one: Served, alone: bool) -> dict[str, Any]:
    base = f"/v2/models/{one.model}"
    found = {
        base: {"get": _read(f"What {one.model} takes and gives")},
        f"{base}/ready": {"get": _read(f"{one.model} answers")},
        f"{base}/infer": {"post": _ask(one, "Tensors, one for each column (Open Inference Protocol 2)", "Infer")},
    }
    for prefix in ("", f"/models/{one.model}") if alone else (f"/models/{one.model}",):
        found[f"{prefix}/predict"] = {"post": _ask(one, "One record, or a list of records", "Predict")}
        found[f"{prefix}/invocations"] = {"post": _ask(one, "As MLflow is asked", "Invocations")}
    return found


def _ask(one: Served, summary: str, form: str) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{one.model}.{form}Answer"}}}
    schema = {"schema": {"$ref": f"#/components/schemas/{one.model}.{form}"}, "example": _example(one, form)}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": schema}},
        "responses": {
            "200": {"description": "The answers", "content": answer},
            **{status: {"description": said, "content": problem} for status, said in _PROBLEMS.items()},
        },
    }


def _example(one: Served, form: str) -> Any:
    record = example_of(one.predictor.columns)
    if form == "Predict":
        return record
    if form == "Invocations":
        return {"dataframe_records": [record]}
    return {
        "inputs": [
            {"name": column.name, "shape": [1], "datatype": _datatype(column), "data": [column.example]}
            for column in one.predictor.columns
            if column.example is not None
        ]
    }


def _datatype(column: Column) -> str:
    return {"bool": "BOOL", "int": "INT64", "float": "FP64"}.get(column.kind, "BYTES")


def _schemas(one: Served) -> dict[str, Any]:
    name, columns = one.model, one.predictor.columns
    record = {
        "type": "object",
        "properties": {column.name: _column_schema(column) for column in columns},
        "required": [column.name for column in columns if not column.nullable],
    }
    row = {"$ref": f"#/components/schemas/{name}.Record"}
    rows = {"type": "array", "items": row}
    answer = _answer_schema(one)
    named = {"model": {"type": "string"}, "version": {"type": "string"}, "prediction_id": {"type": "string"}}
    tensor = {
        "type": "object",
        "properties": {
            "name": {"enum": [column.name for column in columns]},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"enum": [*_DATATYPES]},
            "data": {"type": "array"},
        },
        "required": ["name", "shape", "datatype", "data"],
    }
    return {
        f"{name}.Record": record,
        f"{name}.Answer": answer,
        f"{name}.Predict": {"anyOf": [row, rows]},
        f"{name}.PredictAnswer": {
            "type": "object",
            "properties": {**named, "predictions": {"type": "array", "items": answer}},
            "required": list(named),
        },
        f"{name}.Invocations": {
            "anyOf": [
                {"type": "object", "properties": {form: rows}, "required": [form]}
                for form in ("dataframe_records", "instances")
            ]
        },
        f"{name}.InvocationsAnswer": {
            "type": "object",
            "properties": {**named, "predictions": {"type": "array", "items": {"type": "object"}}},
            "required": [*named, "predictions"],
        },
        f"{name}.Infer": {
            "type": "object",
            "properties": {
                "id": {"type": ["string", "null"]},
                "inputs": {"type": "array", "items": tensor, "minItems": 1},
            },
            "required": ["inputs"],
        },
        f"{name}.InferAnswer": {
            "type": "object",
            "properties": {
                "model_name": {"const": name},
                "model_version": {"type": "string"},
                "outputs": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["model_name", "model_version", "outputs"],
        },
    }


_DATATYPES = ("BOOL", "INT64", "FP64", "FP32", "INT32", "BYTES")


def _column_schema(column: Column) -> dict[str, Any]:
    kind = _TYPES.get(column.kind, "string")
    made: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind, "description": said_of(column)}
    if kind == "integer":
        made |= {"minimum": -(2**63), "maximum": 2**63 - 1}
    elif kind == "number":
        made |= {"minimum": -1.7976931348623157e308, "maximum": 1.7976931348623157e308}
    elif column.kind.startswith("date") or column.kind == "time":
        made["format"] = "date" if column.kind == "date" else "time" if column.kind == "time" else "date-time"
    if column.example is not None:
        made["examples"] = [column.example]
    return made


def _answer_schema(one: Served) -> dict[str, Any]:
    classes = one.predictor.classes
    if not classes:
        return {
            "type": "object",
            "properties": {"prediction": {"type": ["number", "null"]}},
            "required": ["prediction"],
        }
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "type": "object",
        "properties": {
            "prediction": {"enum": list(classes)},
            "probability": {"type": "object", "properties": {str(name): share for name in classes}},
        },
        "required": ["prediction"],
    }


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    fault = {"type": "object", "properties": {"row": {"type": "integer"}, "column": {}, "reason": text}}
    return {
        "type": "object",
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text,
            "errors": {"type": "array", "items": fault},
        },
        "required": ["type", "title", "status", "detail"],
    }  # fmt: skip


def said_of(column: Column) -> str:
    """A column in a few words: what training saw, and whether it may be missing."""
    told = [column.kind]
    if column.values:
        more = " and more" if len(column.values) == 20 else ""
        told.append("such as " + ", ".join(column.values[:8]) + more)
    elif column.low is not None:
        told.append(f"from {column.low} to {column.high} in training")
    told.append("may be missing" if column.nullable else "never missing in training, so it is needed")
    return "; ".join(told)


_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .6rem; vertical-align: top; border-bottom: 1px solid #ddd; }}
code, textarea, pre {{ font: 14px/1.4 ui-monospace, monospace; }}
textarea {{ width: 100%; height: 16rem; }} pre {{ background: #f5f5f5; padding: .8rem; overflow: auto; }}
button {{ font: inherit; padding: .3rem 1rem; }} .quiet {{ color: #666; }}</style></head><body>
{body}
<p class="quiet"><a href="openapi.json">openapi.json</a> · <a href="metrics">metrics</a> ·
<a href="healthz">healthz</a></p>
<script>
for (const button of document.querySelectorAll("button")) button.onclick = async () => {{
  const part = button.closest("section"), out = part.querySelector("pre.answer");
  const token = part.querySelector("input").value, headers = {{"content-type": "application/json"}};
  if (token) headers.authorization = "Bearer " + token;
  try {{
    const answer = await fetch(button.dataset.path,
      {{method: "POST", headers, body: part.querySelector("textarea").value}});
    out.textContent = answer.status + "\\n" + JSON.stringify(await answer.json(), null, 2);
  }} catch (error) {{ out.textContent = String(error); }}
}};
</script></body></html>"""


def draw_page(models: Sequence[Served]) -> str:
    """A page about each model, which needs nothing from elsewhere."""
    title = ", ".join(one.model for one in models)
    return _PAGE.format(title=html.escape(title), body="\n".join(_section(one) for one in models))


def _section(one: Served) -> str:
    columns = one.predictor.columns
    rows = "\n".join(
        f"<tr><td><code>{html.escape(column.name)}</code></td><td>{html.escape(said_of(column))}</td>"
        f"<td><code>{html.escape(json.dumps(column.example, ensure_ascii=False))}</code></td></tr>"
        for column in columns
    )
    example = json.dumps(example_of(columns), indent=1, ensure_ascii=False)
    answers = f"one of {', '.join(map(str, one.predictor.classes))}" if one.predictor.classes else "a number"
    path = f"models/{one.model}/predict"
    return (
        f"<section><h1>{html.escape(one.model)} <span class=quiet>{html.escape(one.version)}</span></h1>"
        f"<p>Answers with {html.escape(answers)}. Bundle <code>{one.bundle[:12]}</code>, runtime {one.runtime}.</p>"
        f"<p><code>POST /{html.escape(path)}</code> takes one record or a list of them; "
        f"<code>POST /v2/models/{html.escape(one.model)}/infer</code> tensors (Open Inference Protocol 2); "
        f"<code>POST /models/{html.escape(one.model)}/invocations</code> what MLflow takes.</p>"
        f"<table><thead><tr><th>Column</th><th>What it is</th><th>Example</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
        f"<h2>Try it</h2><textarea spellcheck=false>{html.escape(example)}</textarea>"
        f"<p><button data-path='{html.escape(path)}'>Ask</button> "
        f"<label>token, if one is needed <input type=password autocomplete=off></label></p>"
        f"<pre class=answer></pre></section>"
    )
