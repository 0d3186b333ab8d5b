"""How the server is: health, readiness, settings, metrics and what is loaded."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, SecretStr

from app.api.dependencies import ContainerDep, MetricsDep, PrincipalDep, SettingsDep
from app.api.errors import error_body
from app.api.routes import Route
from app.application.model_memory import MemoryState
from app.application.warm_up import ModelInUse

router = APIRouter(tags=["operations"], route_class=Route)
READY_RETRY_S = 2
"""Models load in seconds; asking more often only costs."""


class GatewayJson(BaseModel):
    """One model and how it is."""

    model: str
    ready: bool = Field(description="Loaded, or comes back when it is needed, or needs no loading.")
    error: str | None


class StateJson(BaseModel):
    """How the server is. ``ok`` as long as it can serve."""

    ok: bool
    modelReady: bool  # noqa: N815 the protocol's name
    modelId: str  # noqa: N815 the protocol's name
    gateways: dict[str, GatewayJson]


class HealthJson(StateJson):
    """How the server is, and what is wrong with its models."""

    error: str | None


class ErrorJson(BaseModel):
    """What every error holds."""

    message: str
    type: str
    param: str | None
    code: str


class NotReadyJson(StateJson):
    """How the server is, with the error that every refused request holds."""

    error: ErrorJson


class ResidentModel(BaseModel):
    """A model, whether it is in memory, and what waits for it."""

    role: str
    model: str
    loaded: bool
    bytes: int = Field(
        description="Of its weight files while it is loaded, else 0; it takes at least that much memory."
    )
    waiting: int = Field(description="Jobs in its queue.")
    load_factor: float = Field(description="Waiting and running work over its threads; above 1 work waits.")
    state: MemoryState = Field(description="`evicted` was loaded, and is again as soon as work needs it.")
    declared_bytes: int = Field(description="Memory that it needs, by the catalog.")
    expected_bytes: int = Field(
        description="Memory that is planned for it: declared, corrected by what it really took."
    )
    measured_bytes: int | None = Field(description="Memory that its last load took; null before the first.")
    in_use: int = Field(description="Jobs that run on it; it is not evicted meanwhile.")
    waiting_for_memory: int = Field(description="Jobs that wait until there is room for it.")
    estimated_wait_s: float | None = Field(
        description="Until there is room and it is loaded, if something waits for it."
    )
    idle_s: float | None = Field(description="Since it was last used; null if it never was, or is.")


class ResidencyJson(BaseModel):
    """What is loaded."""

    models: list[ResidentModel]
    process_bytes: int = Field(description="Memory of the whole process, models included.")
    budget_bytes: int | None = Field(description="Memory of all models together; null if none needs any.")
    used_bytes: int = Field(description="Of the budget: expected for the models that are in memory.")


@router.get("/health", summary="Health")
async def health(principal: PrincipalDep, container: ContainerDep) -> HealthJson:
    """The process is up; one line for every model."""
    errors = container.warm_up.errors
    gateways = {
        role: GatewayJson(model=model.model_id, ready=model.ready, error=errors.get(role))
        for role, model in container.models.items()
    }
    return HealthJson(
        ok=True,
        modelReady=all(gateway.ready for gateway in gateways.values()),
        modelId=container.models["language_model"].model_id,
        error="; ".join(f"{role}: {error}" for role, error in errors.items()) or None,
        gateways=gateways,
    )


@router.get(
    "/ready",
    response_model=HealthJson,
    summary="Readiness",
    responses={503: {"model": NotReadyJson, "description": "Models are being loaded, or cannot be."}},
)
async def ready(principal: PrincipalDep, container: ContainerDep) -> Response | HealthJson:
    """Starts the warm-up; 200 once every model is loaded and has answered."""
    container.warm_up.start()
    state = await health(principal, container)
    if container.warm_up.ready:
        return state
    message = state.error or "models are being loaded"
    body = state.model_dump() | error_body(message, "server_error", "not_ready")
    return JSONResponse(body, 503, headers={"Retry-After": str(READY_RETRY_S)})


@router.get("/config", summary="Settings in force")
async def config(principal: PrincipalDep, settings: SettingsDep) -> dict[str, Any]:
    """The settings in force, without secrets."""
    return without_secrets(settings.model_dump())


@router.get("/metrics", response_class=Response, summary="Prometheus metrics")
async def read_metrics(principal: PrincipalDep, metrics: MetricsDep) -> Response:
    """Counters and gauges in the Prometheus text format."""
    body, media_type = metrics.render()
    return Response(body, media_type=media_type)


@router.get("/models/residency", summary="What is loaded")
async def residency(principal: PrincipalDep, container: ContainerDep) -> ResidencyJson:
    """Every model of the profile: loaded or not, how large, what waits for it, and the memory that all share."""
    shares = [model.worker.memory for model in container.models.values() if model.worker is not None]
    share = next((share for share in shares if share is not None), None)
    return ResidencyJson(
        models=[_resident(role, model) for role, model in container.models.items()],
        process_bytes=await asyncio.to_thread(_process_bytes),
        budget_bytes=share.budget_bytes if share else None,
        used_bytes=share.used_bytes if share else 0,
    )


def without_secrets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON values; secrets are left out."""
    return {name: _json_value(value) for name, value in settings.items() if not isinstance(value, SecretStr)}


def _json_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_secrets(value)
    return str(value) if isinstance(value, Path) else value


def _resident(role: str, model: ModelInUse) -> ResidentModel:
    worker = model.worker
    memory = worker.memory if worker else None
    return ResidentModel(
        role=role,
        model=model.model_id,
        loaded=model.loaded,
        bytes=worker.weights_bytes if worker else 0,
        waiting=worker.waiting if worker else 0,
        load_factor=worker.load_factor if worker else 0.0,
        state=memory.state if memory else "loaded" if model.loaded else "unloaded",
        declared_bytes=memory.declared_bytes if memory else 0,
        expected_bytes=memory.expected_bytes if memory else 0,
        measured_bytes=memory.measured_bytes if memory else None,
        in_use=memory.in_use if memory else 0,
        waiting_for_memory=memory.waiting if memory else 0,
        estimated_wait_s=memory.estimated_wait_s if memory else None,
        idle_s=memory.idle_s if memory else None,
    )


def _process_bytes() -> int:
    return int(psutil.Process().memory_info().rss)
