"""The FastAPI application: routes, errors, limits, and a lifespan that opens and closes the container."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from app import __version__
from app.api import audio_socket, health, session, session_audio, session_results, vision
from app.api.body_limit import BodyLimit
from app.api.errors import install_error_handlers
from app.api.log_context import SessionLogContext
from app.api.loop_stalls import note_stalls
from app.api.metrics import Metrics, MetricsMiddleware
from app.api.openapi import read_description
from app.api.routes import Route, unknown_path
from app.api.schemas.fields import known_timezones
from app.application.container import Container
from app.settings import Settings

DESCRIPTION = "Records sessions, transcribes them while they run, and answers with an evidence-backed summary."


def make_application(
    settings: Settings, build_container: Callable[[Settings], AbstractAsyncContextManager[Container]]
) -> FastAPI:
    """Make an application; ``build_container`` is entered when it starts and left when it stops."""
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(known_timezones)
        async with build_container(settings) as container:
            app.state.container = container
            metrics.watch(container)
            stalls = asyncio.create_task(note_stalls(metrics.loop_stall.observe))
            try:
                yield
            finally:
                stalls.cancel()
                await asyncio.wait([stalls])

    # The built-in pages of the interface description know no authentication; the description itself is a route below.
    app = FastAPI(title="Vigía", version=__version__, description=DESCRIPTION, lifespan=lifespan, openapi_url=None)
    app.state.settings = settings
    app.state.metrics = metrics
    install_error_handlers(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.add_middleware(SessionLogContext)
    app.router.default = unknown_path
    app.router.route_class = Route
    for module in (session, session_audio, session_results, vision, health, audio_socket):
        # As they are: what is included is built once more for every application, at its first request.
        app.router.routes.extend(module.router.routes)
    app.add_api_route("/openapi.json", read_description, include_in_schema=False)
    return app
