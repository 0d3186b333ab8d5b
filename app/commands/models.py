"""``python -m app models``: list, fetch, check and remove models, and tell what memory they need."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.commands.options import load_settings, reported
from app.commands.pull_progress import pull_display
from app.commands.residency import residency
from app.composition.choice import models_to_pull, models_used
from app.domain.errors import ConfigurationError
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.catalog.entries import ModelEntry

app = typer.Typer(no_args_is_help=True, help="List, fetch, check and remove models.")
app.command()(residency)

Profile = Annotated[str | None, typer.Option("--profile", help="Whose models; default: the configured profile.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]
Names = Annotated[list[str] | None, typer.Argument(help="Catalog names.")]


@app.command("list")
def list_models(profile: Profile = None, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Show every model of the catalog: role, size, licence, and whether it is installed."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    catalog = Catalog.from_settings(settings)
    with reported(as_json):
        needed, used = models_to_pull(settings, catalog.entries), models_used(settings)
    rows = [_describe(catalog, entry, entry.name in needed) for entry in catalog.entries.values()]
    if as_json:
        typer.echo(json.dumps({"models_dir": str(catalog.store.root), "models": rows, "used": used}, indent=2))
        return
    console = Console() if sys.stdout.isatty() else Console(width=200)
    table = Table("model", "role", "size", "licence", "installed", box=None, pad_edge=False)
    wide = console.width >= 130
    if wide:
        table.add_column("path")
    for row in rows:
        state = "yes" if row["installed"] else "needed" if row["needed"] else "no"
        if row["installed"] and row["name"] in used:
            state = "yes, used"
        size = f"{row['bytes'] / 1e6:.0f} MB" if row["bytes"] else "bundled"
        cells = (row["name"], row["role"], size, row["licence"], state, row["path"] or "")
        table.add_row(*cells if wide else cells[:-1])
    console.print(table)
    console.print(f"\nmodels folder: {catalog.store.root}", highlight=False, soft_wrap=True)


@app.command()
def pull(names: Names = None, profile: Profile = None, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Fetch models; without names, those that the profile needs. Goes on where an earlier attempt stopped."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    catalog = Catalog.from_settings(settings)
    with reported(as_json):
        wanted = list(dict.fromkeys(names or models_to_pull(settings, catalog.entries)))
        total_bytes = sum(catalog.entry(name).size_bytes for name in wanted)
        with pull_display(total_bytes) as on_progress:
            paths = {name: str(catalog.pull(name, on_progress)) for name in wanted}
    if as_json:
        typer.echo(json.dumps({"ok": True, "models": paths}, indent=2))
        return
    for name, path in paths.items():
        typer.echo(f"{name}: {path}")
    if not paths:
        typer.echo(f"the profile {settings.profile} needs no models")


@app.command()
def verify(names: Names = None, profile: Profile = None, models_dir: ModelsDir = None, as_json: AsJson = False) -> None:
    """Check every byte of the models named; without names, of those installed and those the profile needs."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    catalog = Catalog.from_settings(settings)
    with reported(as_json):
        there = [entry.name for entry in catalog.entries.values() if catalog.is_installed(entry)]
        wanted = list(dict.fromkeys(names or [*models_to_pull(settings, catalog.entries), *there]))
        problems = {name: catalog.verify(name) for name in wanted}
    healthy = not any(problems.values())
    if as_json:
        typer.echo(json.dumps({"ok": healthy, "problems": problems}, indent=2))
    else:
        for name, found in problems.items():
            advice = "" if catalog.entry(name).bundled else f"; run `python -m app models pull {name}`"
            typer.echo(f"{name}: {'; '.join(found) + advice if found else 'ok'}")
    if not healthy:
        raise typer.Exit(1)


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Catalog names.")],
    models_dir: ModelsDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete models, and what has arrived of unfinished ones."""
    catalog = Catalog.from_settings(load_settings(models_dir=models_dir))
    with reported(as_json):
        for name in names:
            if catalog.entry(name).bundled:
                raise ConfigurationError(f"{name} is part of the installation and cannot be removed")
        removed = {name: catalog.remove(name) for name in names}
    if as_json:
        typer.echo(json.dumps({"ok": True, "removed": removed}, indent=2))
        return
    for name, existed in removed.items():
        typer.echo(f"{name}: {'removed' if existed else 'was not installed'}")


def _describe(catalog: Catalog, entry: ModelEntry, needed: bool) -> dict[str, Any]:
    installed = catalog.is_installed(entry)
    path = catalog.locate(entry.name) if entry.bundled and installed else catalog.store.folder(entry)
    return {
        "name": entry.name,
        "title": entry.title,
        "role": entry.role,
        "bytes": entry.size_bytes,
        "licence": entry.licence,
        "memory_mb": entry.memory_mb,
        "sources": list(entry.source_kinds),
        "needed": needed,
        "installed": installed,
        "verified": entry.bundled is None and catalog.store.is_verified(entry),
        "path": str(path) if installed else None,
        "note": entry.note,
    }
