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
