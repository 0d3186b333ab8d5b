"""The composition root: joins stores, models and use cases into one application."""

from app.bootstrap.server import build_container

__all__ = ["build_container"]
