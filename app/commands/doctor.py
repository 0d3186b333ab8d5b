"""``python -m app doctor``: can this machine run the profile, and if not, what to do."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from app.commands.checks import Check, installation, machine
from app.commands.options import load_settings
from app.composition.choice import models_used, packages_used
from app.infrastructure.catalog.catalog import Catalog
from app.settings import Settings

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def doctor(
    profile: Annotated[str | None, typer.Option("--profile", help="Default: the configured profile.")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where recordings will lie.")] = None,
    models_dir: Annotated[Path | None, typer.Option("--models-dir", help="Where models lie.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")] = False,
) -> None:
    """Check whether this machine can run the profile; exit code 1 if not."""
    settings = load_settings(profile=profile, data_dir=data_dir, models_dir=models_dir)
    checks = list(all_checks(settings))
    healthy = all(check.status != "fail" for check in checks)
    if as_json:
        answer = {"ok": healthy, "profile": settings.profile, "checks": [asdict(check) for check in checks]}
        typer.echo(json.dumps(answer, indent=2))
    else:
        _show(checks)
    if not healthy:
        raise typer.Exit(1)


def all_checks(settings: Settings) -> Iterator[Check]:
    """Every check that applies to the settings, the cheap ones first."""
    catalog = Catalog.from_settings(settings)
    choice = installation.choice_checks(settings)
    can_be_built = all(check.status == "ok" for check in choice)
    models = models_used(settings) if can_be_built else []
    entries = [catalog.entries[name] for name in models if name in catalog.entries]
    missing_bytes = sum(entry.size_bytes for entry in entries if not catalog.is_installed(entry))
    yield from choice
    yield machine.python_check()
    yield machine.system_check()
    yield machine.cores_check()
    yield machine.memory_check(sum(entry.memory_mb for entry in entries))
    yield machine.data_disk_check(settings.data_dir)
    yield machine.models_disk_check(settings.models_dir, missing_bytes)
    yield machine.port_check(settings.server.host, settings.server.port)
    yield machine.gpu_check(settings)
    packages = installation.package_checks(packages_used(settings) if can_be_built else {})
    llama_is_missing = any(check.name == "package llama-cpp-python" and check.status == "fail" for check in packages)
    yield machine.compiler_check(needed=llama_is_missing)
    yield from packages
    yield installation.audio_check()
    yield from installation.model_checks(catalog, models)


def _show(checks: list[Check]) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=200)
    table = Table("", "", Column(overflow="fold"), box=None, show_header=False, pad_edge=False)
    for check in checks:
        told = f"{check.detail}\n  → {check.advice}" if check.advice and check.status != "ok" else check.detail
        table.add_row(f"[{_COLOURS[check.status]}]{check.status:4}[/]", check.name, told)
    console.print(table, highlight=False)
