"""Opening small networks on onnxruntime."""

import hashlib
from pathlib import Path
from typing import Any

from app.domain.errors import ConfigurationError


def open_network(path: Path, *, threads: int, sha256: str | None = None) -> Any:
    """Load a network. Blocking.

    Args:
        path: of the ONNX file.
        threads: that one call may use.
        sha256: that the file must have, in lower-case hexadecimal; None if that was checked already.

    Returns:
        The onnxruntime session; it keeps no memory from call to call.

    Raises:
        ConfigurationError: the file is missing or damaged.
    """
    import onnxruntime

    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.name} is missing; install it or the application again") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ConfigurationError(f"{path.name} is damaged (wrong checksum); install it or the application again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False  # it would keep a plan for every shape of photo and line it ever saw
    # Threads that wait by spinning take a third of the processor's time from everything else that runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
