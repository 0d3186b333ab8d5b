"""The installation: profile, packages, audio decoding, models."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from app.commands.checks import Check
from app.composition.choice import check_adapters, check_profile, resolved
from app.domain.errors import ConfigurationError
from app.infrastructure.catalog.catalog import Catalog
from app.settings import Settings

_PACKAGES = {"av": "av", "soxr": "soxr", "dbos": "dbos"}
"""What every profile loads, besides its adapters' packages."""
_IMPORT_S = 60.0
_DECODE = """
import av, numpy
encoder = av.CodecContext.create("libopus", "w")
encoder.sample_rate, encoder.layout, encoder.format = 16000, "mono", "s16"
frame = av.AudioFrame.from_ndarray(numpy.zeros((1, 320), numpy.int16), format="s16", layout="mono")
frame.sample_rate = 16000
packets = encoder.encode(frame) + encoder.encode(None)
decoder = av.CodecContext.create("opus", "r")
decoded = sum(frame.samples for packet in packets for frame in decoder.decode(av.Packet(bytes(packet))))
raise SystemExit(0 if decoded else "nothing was decoded")
"""


def choice_checks(settings: Settings) -> list[Check]:
    """The profile is more than a plan, and every role is filled by an adapter that exists."""
    names = settings.models
    adapters = ", ".join(dict.fromkeys((names.vad, names.transcriber, names.diarizer, names.language_model)))
    return [
        _choice_check("profile", settings.profile, lambda: check_profile(settings)),
        _choice_check("adapters", adapters, lambda: check_adapters(settings)),
        Check("photos", "ok", _scene_describer(settings)),
    ]


def package_checks(of_adapters: Mapping[str, str]) -> list[Check]:
    """Every library that is loaded can be imported; each in its own process, as a bad build may crash.

    Args:
        of_adapters: those that the adapters load: module to distribution.
    """
    wanted = {**_PACKAGES, **of_adapters}
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(_package_check, wanted.items()))


def audio_check() -> Check:
    """Opus packets can be decoded."""
    failure = _failure_of(_DECODE)
    if failure:
        return Check(
            "audio decoding", "fail", f"Opus does not work: {failure}", "reinstall av: pip install -r requirements.txt"
        )
    return Check("audio decoding", "ok", "Opus packets decode")


def model_checks(catalog: Catalog, names: Sequence[str]) -> list[Check]:
    """Each model is there, and is what the catalog says."""
    return [_model_check(catalog, name) for name in names]


def _scene_describer(settings: Settings) -> str:
    """Who describes photos, also if that was chosen automatically."""
    final = resolved(settings)
    adapter, vision = final.models.scene_describer, final.vision
    models = {"llama-cpp": Path(vision.describer_model).name, "openai": vision.server_model}
    with_model = f"{adapter} with {models[adapter]}" if models.get(adapter) else adapter
    return f"described by {with_model}" + (" (chosen automatically)" if final is not settings else "")


def _choice_check(name: str, chosen: str, check: Callable[[], None]) -> Check:
    try:
        check()
    except ConfigurationError as error:
        reason, _, advice = error.message.partition("; ")
        return Check(name, "fail", reason, advice)
    return Check(name, "ok", chosen)


def _model_check(catalog: Catalog, name: str) -> Check:
    title = f"model {Path(name).name}"
    try:
        path = catalog.locate(name)
    except ConfigurationError as error:
        advice = f"run `python -m app models pull {name}`" if name in catalog.entries else "correct the setting"
        return Check(title, "fail", error.message.rpartition("; run ")[0] or error.message, advice)
    return Check(title, "ok", str(path))


def _package_check(package: tuple[str, str]) -> Check:
    module, distribution = package
    failure = _failure_of(f"import {module}")
    title = f"package {distribution}"
    if failure:
        return Check(title, "fail", failure, "install the packages again: pip install -r requirements.txt")
    return Check(title, "ok", metadata.version(distribution))


def _failure_of(code: str) -> str:
    """Run Python code in a fresh process; the last line of its complaint, or nothing if all went well."""
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=_IMPORT_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"no answer within {_IMPORT_S:g} s"
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"the process died with code {done.returncode}"
