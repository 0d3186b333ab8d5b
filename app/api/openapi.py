"""The interface's description (OpenAPI 3.1), with the errors that the server really gives."""

from typing import Any

from fastapi import FastAPI, Request

from app.api.dependencies import PrincipalDep

_TEXT = {"type": "string"}
_NULLABLE = {"type": ["string", "null"]}
_ERROR = {
    "type": "object",
    "title": "Error",
    "description": "Every error of every route; a Retry-After header says when a repetition may help.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {"message": _TEXT, "type": _TEXT, "param": _NULLABLE, "code": _NULLABLE},
        }
    },
}
_RANGES = {"4XX": "The request cannot be served as it is.", "5XX": "The server or a model failed."}


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A model's schema without references, for routes that read their bodies themselves.

    Args:
        schema: of a model that does not contain itself, as ``model_json_schema`` gives it.
    """
    definitions = schema.get("$defs", {})

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return resolved(definitions[value["$ref"].rpartition("/")[2]])
            return {name: resolved(part) for name, part in value.items() if name != "$defs"}
        return [resolved(part) for part in value] if isinstance(value, list) else value

    whole: dict[str, Any] = resolved(schema)
    return whole


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of all routes. Made once: FastAPI keeps it."""
    description: dict[str, Any] = app.openapi()
    components = description.setdefault("components", {}).setdefault("schemas", {})
    if "Error" in components:
        return description
    components["Error"] = _ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for route in description["paths"].values():
        for operation in route.values():
            operation["responses"].pop("422", None)  # FastAPI's own validation error: ours is a 400 of the common shape
            for code, text in _RANGES.items():
                operation["responses"][code] = {"description": text, "content": content}
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    return description


async def read_description(request: Request, principal: PrincipalDep) -> dict[str, Any]:
    """The interface in OpenAPI 3.1."""
    return describe(request.app)
