"""Composition root: the only place that joins ports to adapters."""
