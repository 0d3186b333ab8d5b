"""Vigía: a local multimodal backend for wearable glasses."""

import os

# Threads that wait by spinning take the cores from the models beside them: OpenBLAS's do so for 0.1 s after each small product
# of numpy's (a fifth of what live recognition took), OpenMP's after each layer of a model. Both read this once, when loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
