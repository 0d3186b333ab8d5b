"""Fixtures that all tests may use: a real server on loopback, and guards."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from app.settings import Settings
from tests.server import RunningServer, run_server

# How long an example takes says more about the machine's other work than about the code.
hypothesis_settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("any-machine")

UNIT_WORKERS = 4


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Unit tests alone run side by side; tests with models one after another, since these take all cores."""
    return min(UNIT_WORKERS, os.cpu_count() or 1) if config.option.markexpr == "unit" else 0


StartServer = Callable[..., Awaitable[RunningServer]]


@pytest.fixture
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Starts servers of the dummy profile; keyword arguments are settings. All of them stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> RunningServer:
            chosen = {"profile": "dummy", "data_dir": tmp_path / "data", **settings}
            return await stack.enter_async_context(run_server(await asyncio.to_thread(lambda: Settings(**chosen))))

        yield start


@pytest.fixture
async def server(start_server: StartServer) -> RunningServer:
    """A server with the default settings."""
    return await start_server()


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Takes back what ``configure_logging`` changes."""
    loggers = [logging.getLogger(name) for name in (None, "uvicorn", "uvicorn.error", "uvicorn.access")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate
