"""A workflow as an HTTP API: an OpenAPI document of its own, with the schemas of what it takes and gives. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ANYTHING: Mapping[str, Any] = {}


def openapi_of(row: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """OpenAPI 3.1 of the one operation that runs the workflow."""
    given = input_schema(row) or ANYTHING
    path = f"/api/v1/workflows/{row['uuid']}/run"
    return {
        "openapi": "3.1.0",
        "info": {"title": row["name"], "version": str(row["version"]), "description": row["description"]},
        "servers": [{"url": base_url}],
        "security": [{"bearer": []}],
        "paths": {
            path: {
                "post": {
                    "operationId": f"run_{str(row['uuid']).replace('-', '_')}",
                    "summary": row["name"],
                    "description": row["description"],
                    "parameters": [
                        {
                            "name": "workspace_uuid",
                            "in": "query",
                            "schema": {"type": "string", "format": "uuid", "const": str(row["workspace_uuid"])},
                        }
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": _request(given, row["variables"])}},
                    },
                    "responses": {"200": _response(row["settings"].get("output_schema") or ANYTHING)},
                }
            }
        },
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def input_schema(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """JSON Schema of what a run of the workflow takes, if it says so."""
    trigger = next((node for node in row["nodes"] if node["type"] == "manual_trigger"), None)
    return trigger["data"].get("input_schema") if trigger else None


def arguments_schema(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The input of this schema as arguments by name: an object is put around what is none."""
    if schema and schema.get("type") == "object":
        return dict(schema)
    required = ["input"] if schema else []
    return {
        "type": "object",
        "properties": {"input": schema or {}},
        "required": required,
        "additionalProperties": False,
    }


def input_of(schema: Mapping[str, Any] | None, arguments: Mapping[str, Any]) -> Any:
    """The input that such arguments stand for."""
    return dict(arguments) if schema and schema.get("type") == "object" else arguments.get("input")


def _request(given: Mapping[str, Any], variables: list[Mapping[str, Any]]) -> dict[str, Any]:
    properties = {
        each["name"]: {
            "type": each["type"],
            **({"description": each["description"]} if each["description"] else {}),
            **({"default": each["default"]} if each["default"] is not None else {}),
        }
        for each in variables
    }
    required = [each["name"] for each in variables if each["required"] and each["default"] is None]
    named = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {
        "type": "object",
        "properties": {"input": given, "variables": named},
        "required": ["input", *(["variables"] if required else [])],
    }


def _response(output: Mapping[str, Any]) -> dict[str, Any]:
    run = {
        "type": "object",
        "properties": {
            "uuid": {"type": "string", "format": "uuid"},
            "status": {"const": "succeeded"},
            "output": output,
        },
        "required": ["uuid", "status", "output"],
    }
    data = {"type": "object", "properties": {"data": run}, "required": ["data"]}
    return {"description": "The finished execution.", "content": {"application/json": {"schema": data}}}
