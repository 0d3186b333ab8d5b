"""Prometheus metrics: counted by a middleware, read from the container."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.loop_stalls import STALL_BUCKETS_S
from app.application.container import Container

BUCKETS_S = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics(Collector):
    """One application's registry: requests, and what goes on right now."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "vigia_http_requests", "HTTP requests.", ["method", "route", "status"], registry=self.registry
        )
        self.duration = Histogram(
            "vigia_http_request_seconds",
            "Duration of HTTP requests.",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.loop_stall = Histogram(
            "vigia_event_loop_stall_seconds",
            "How much later than asked for the event loop ran a callback; one sample each 10 ms.",
            buckets=STALL_BUCKETS_S,
            registry=self.registry,
        )
        self.sockets = Counter("vigia_audio_sockets", "Audio sockets opened.", registry=self.registry)
        self._container: Container | None = None
        self.registry.register(self)

    def watch(self, container: Container) -> None:
        """Report on ``container`` from now on."""
        self._container = container

    def render(self) -> tuple[bytes, str]:
        """The text format, and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def collect(self) -> Iterator[Metric]:
        """What goes on right now."""
        if self._container is None:
            return
        yield GaugeMetricFamily("vigia_live_sockets", "Audio sockets open.", value=self._container.live.count)
        loaded = GaugeMetricFamily("vigia_model_loaded", "Whether a model is in memory.", labels=["role"])
        load = GaugeMetricFamily("vigia_model_load", "Waiting and running work over threads.", labels=["role"])
        taken = GaugeMetricFamily("vigia_model_bytes", "Memory planned for a model that is loaded.", labels=["role"])
        for role, model in self._container.models.items():
            loaded.add_metric([role], float(model.loaded))
            load.add_metric([role], 0.0 if model.worker is None else model.worker.load_factor)
            memory = model.worker.memory if model.worker else None
            taken.add_metric([role], memory.expected_bytes if memory and model.loaded else 0)
        yield loaded
        yield load
        yield taken


class MetricsMiddleware:
    """ASGI middleware that counts requests by route template, never by path: ids would make labels without bound."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one request."""
        if scope["type"] == "websocket":
            self._metrics.sockets.inc()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.duration.labels(route).observe(time.monotonic() - began)
