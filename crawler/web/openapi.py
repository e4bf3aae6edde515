"""The description of the API in OpenAPI 3.1, made from its models."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from crawler.config import software
from crawler.web.api import CALLS, PREFIX, Call
from crawler.web.api_models import Problem

_REFERENCE = "#/components/schemas/{model}"
_PART = re.compile(r"\{(\w+)\}")


@cache
def description() -> dict[str, Any]:
    """The whole description."""
    models: list[type[BaseModel]] = [*(call.gives for call in CALLS), Problem]
    given: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "serialization") for model in dict.fromkeys(models)
    ]
    references, schemas = models_json_schema(given, by_alias=True, ref_template=_REFERENCE)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "newswarc",
            "version": software().rpartition("/")[2],
            "summary": "Search, read and download a news archive",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": {f"{PREFIX}{call.path}": {call.method.lower(): _operation(call, references)} for call in CALLS},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call, references: dict[Any, Any]) -> dict[str, Any]:
    problem = {
        "description": "What went wrong (RFC 9457)",
        "content": {"application/problem+json": {"schema": references[Problem, "serialization"]}},
    }
    is_sent = call.method == "POST"
    return {
        "operationId": call.name,
        "summary": call.summary,
        "parameters": [*_parts(call.path), *([] if is_sent else _parameters(call))],
        **({"requestBody": _form(call)} if is_sent else {}),
        "responses": {
            "200": {
                "description": call.summary,
                "content": {"application/json": {"schema": references[call.gives, "serialization"]}},
            },
            "4XX": problem,
            "5XX": problem,
        },
    }


def _form(call: Call) -> dict[str, Any]:
    """A form, of which each field may be repeated (OpenAPI 3.1, "Form URL-encoded request bodies")."""
    schema = {**call.takes.model_json_schema(ref_template="{model}"), "additionalProperties": False}
    return {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _parts(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
        for name in _PART.findall(path)
    ]


def _parameters(call: Call) -> list[dict[str, Any]]:
    schema = call.takes.model_json_schema(ref_template="{model}")
    named = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            **({"description": said} if (said := facts.pop("description", "")) else {}),
            "schema": _without_references(facts, named),
        }
        for name, facts in schema.get("properties", {}).items()
    ]


def _without_references(schema: Any, named: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_without_references(one, named) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {
            **_without_references(named[schema["$ref"]], named),
            **{k: v for k, v in schema.items() if k != "$ref"},
        }
    return {key: _without_references(value, named) for key, value in schema.items()}
