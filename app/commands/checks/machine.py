"""The machine: Python, cores, memory, disk, compiler, port, GPU."""

import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from app.commands.checks import Check
from app.infrastructure.runtime.cores import usable_cores
from app.settings import Settings

_OTHER_MEMORY_BYTES = 400e6
"""The server itself with its libraries, without models: about 300 MB measured, and a margin."""
_DATA_LOW_BYTES, _DATA_MINIMUM_BYTES = 5e9, 200e6
"""A three-hour session takes 345 MB; below the minimum not even a short one is safe."""


def python_check() -> Check:
    """Which Python runs this; an older one than 3.11 would not have come so far."""
    return Check("python", "ok", f"{platform.python_version()} at {sys.executable}")


def system_check() -> Check:
    """Which operating system this is."""
    return Check("system", "ok", f"{platform.system()} {platform.release()} on {platform.machine()}")


def cores_check() -> Check:
    """At least two cores."""
    cores = usable_cores()
    if cores < 2:
        return Check("cores", "warn", str(cores), "recognition may fall behind live speech; two cores are advised")
    return Check("cores", "ok", str(cores))


def memory_check(models_mb: int) -> Check:
    """Memory for the profile's models and the server."""
    memory, needed = psutil.virtual_memory(), models_mb * 1e6 + _OTHER_MEMORY_BYTES
    detail = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free, about {needed / 1e9:.1f} GB needed"
    if memory.total < needed:
        return Check("memory", "fail", detail, "choose smaller models (VIGIA_MODELS__LANGUAGE_MODEL_MODEL)")
    if memory.available < needed:
        return Check("memory", "warn", detail, "close other programs, or the machine will swap")
    return Check("memory", "ok", detail)


def data_disk_check(folder: Path) -> Check:
    """Room for recordings."""
    free = _free_bytes(folder)
    detail = f"{free / 1e9:.1f} GB free in {folder}"
    advice = "free some space, or choose another folder with --data-dir"
    if free < _DATA_MINIMUM_BYTES:
        return Check("disk for data", "fail", detail, advice)
    if free < _DATA_LOW_BYTES:
        return Check("disk for data", "warn", detail, advice)
    return _writable("disk for data", folder, detail, "--data-dir")


def models_disk_check(folder: Path, missing_bytes: int) -> Check:
    """Room for the models that are still to be fetched."""
    free = _free_bytes(folder)
    detail = f"{free / 1e9:.1f} GB free in {folder}, {missing_bytes / 1e9:.1f} GB of models to fetch"
    if missing_bytes and free < missing_bytes * 1.2:  # the last part exists twice for a moment
        return Check("disk for models", "fail", detail, "free some space, or choose another folder with --models-dir")
    if not missing_bytes:
        return Check("disk for models", "ok", detail)
    return _writable("disk for models", folder, detail, "--models-dir")


def compiler_check(needed: bool) -> Check:
    """A C and C++ compiler, which building llama.cpp takes."""
    found = [next(filter(None, map(shutil.which, names)), None) for names in (("cc", "gcc", "clang"), ("c++", "g++"))]
    if all(found):
        return Check("compiler", "ok", ", ".join(str(path) for path in found))
    advice = "Debian/Ubuntu: apt install build-essential; Fedora: dnf install gcc-c++; macOS: xcode-select --install"
    if needed:
        return Check("compiler", "fail", "no C and C++ compiler", advice)
    return Check("compiler", "ok", "none, and none is needed: llama.cpp is built")


def port_check(host: str, port: int) -> Check:
    """The server's port can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            if (
                os.name == "posix"
            ):  # a port in TIME_WAIT is free for a server; elsewhere the option means something else
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except OSError as error:
        reason = f"{host}:{port} is not free ({error.strerror or error})"
        return Check("port", "warn", reason, "stop what listens there (a server of yours?), or choose another --port")
    return Check("port", "ok", f"{host}:{port} is free")


def gpu_check(settings: Settings) -> Check:
    """An NVIDIA GPU, if the profile needs one."""
    names = _nvidia_gpus()
    if names:
        return Check("gpu", "ok", "; ".join(names))
    if settings.profile in {"gpu-12gb", "gpu-24gb", "jetson"}:
        return Check("gpu", "fail", "none found", "install the NVIDIA driver, or choose --profile cpu")
    return Check("gpu", "ok", f"none, and the profile {settings.profile} needs none")


def _nvidia_gpus() -> list[str]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def _existing(folder: Path) -> Path:
    folder = folder.expanduser().absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(_existing(folder)).free


def _writable(name: str, folder: Path, detail: str, option: str) -> Check:
    if os.access(_existing(folder), os.W_OK):
        return Check(name, "ok", detail)
    return Check(name, "fail", f"{folder} cannot be written to", f"choose another folder with {option}")
