"""``python -m app models residency``: the memory that models may have, by the settings or as a running server tells it."""

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.commands.options import load_settings, reported
from app.composition.choice import chosen
from app.composition.memory import MEGABYTE, memory_budget, memory_needs
from app.domain.errors import GatewayProtocolError, GatewayUnavailable
from app.settings import Settings

_TIMEOUT_S = 10.0


def residency(
    profile: Annotated[
        str | None, typer.Option("--profile", help="Whose models; default: the configured profile.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Ask a running server, such as http://127.0.0.1:8000, instead of planning.")
    ] = None,
    api_key: Annotated[str | None, typer.Option(envvar="VIGIA_API_KEY", help="For servers that ask for one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")] = False,
) -> None:
    """Show how much memory models may have together and what each needs; fails if one can never fit."""
    with reported(as_json):
        answer = _asked(url, api_key) if url else _planned(load_settings(profile=profile))
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    _show(answer)


def _planned(settings: Settings) -> dict[str, Any]:
    """As ``GET /models/residency``, before anything is loaded."""
    needs = memory_needs(settings)
    models = [
        {"role": role, "model": entry.model(settings), "state": "unloaded", "expected_bytes": needs[role]}
        for role, entry in chosen(settings).items()
        if entry.model is not None
    ]
    return {"models": models, "budget_bytes": memory_budget(settings, needs), "used_bytes": 0}


def _asked(url: str, api_key: str | None) -> dict[str, Any]:
    import httpx2

    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        answer = httpx2.get(f"{url.rstrip('/')}/models/residency", headers=headers, timeout=_TIMEOUT_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise GatewayUnavailable(f"no server answers at {url} ({type(error).__name__})") from error
    if answer.status_code != 200:
        raise GatewayUnavailable(f"{url} answers {answer.status_code}; servers beyond this machine ask for --api-key")
    try:
        told = answer.json()
        _show(told, Console(quiet=True))
    except (ValueError, KeyError, TypeError) as error:
        raise GatewayProtocolError(f"what answers at {url} is no server of ours") from error
    return dict(told)


def _show(answer: dict[str, Any], console: Console | None = None) -> None:
    console = console or (Console() if sys.stdout.isatty() else Console(width=160))
    table = Table("role", "model", "state", "memory", "in use", "waiting", box=None, pad_edge=False)
    for model in answer["models"]:
        jobs = (str(model.get(name, 0)) for name in ("in_use", "waiting_for_memory"))
        table.add_row(model["role"], model["model"], model["state"], _megabytes(model["expected_bytes"]), *jobs)
    console.print(table)
    expected = sum(model["expected_bytes"] for model in answer["models"])
    console.print(f"\nall together: {_megabytes(expected)}", highlight=False)
    if answer["budget_bytes"] is not None:
        budget, used = _megabytes(answer["budget_bytes"]), _megabytes(answer["used_bytes"])
        console.print(f"they may have: {budget}, of which {used} are in use", highlight=False)
        if expected > answer["budget_bytes"]:
            console.print("so they are loaded and evicted in turn, as work needs them", highlight=False)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.0f} MB"
