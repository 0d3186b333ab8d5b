"""The ASGI application. Importing this module is cheap: what a server needs is imported when one is made."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "FastAPI":
    """Make an application; nothing is opened or loaded before it is started.

    Args:
        settings: None reads them from the environment, ``.env`` and the profile.
    """
    from app.api.application import make_application
    from app.bootstrap import build_container
    from app.settings import Settings

    return make_application(settings or Settings(), build_container)


class LazyApp:
    """``uvicorn app.main:app``: reads the settings when it is started, not when the module is imported."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Pass on to the application, made at the first call."""
        if self._app is None:
            try:
                self._app = _configured()
            except (
                ValueError
            ) as error:  # pydantic's; a server takes an exception here for "no lifespan" and starts all the same
                if scope["type"] != "lifespan":
                    raise
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        await self._app(scope, receive, send)


def _configured() -> "FastAPI":
    from app.settings import Settings
    from app.telemetry import configure_logging

    settings = Settings()
    configure_logging(settings.log.level, settings.log.format)
    return create_app(settings)


app = LazyApp()
