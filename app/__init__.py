"""Vigía: a local multimodal backend for wearable glasses."""

__version__ = "0.1.0"
