"""What the commands share: settings from options, and failures told in one sentence."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.api.schemas.fields import LANGUAGE_CODES
from app.api.validation import describe
from app.domain.errors import StorageError, VigiaError
from app.settings import Settings


def _language_code(code: str | None) -> str | None:
    if code is not None and code not in LANGUAGE_CODES:
        raise typer.BadParameter("not an ISO 639-1 code in lower case, such as en or es")
    return code


SpokenLanguage = Annotated[
    str | None,
    typer.Option("--language", callback=_language_code, help="ISO 639-1, such as es; default: detected."),
]


def load_settings(**options: Any) -> Settings:
    """Settings in which the options that were given win; ends the command with a sentence if they make no sense."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            typer.echo(f"error: {describe(problem)[0]}", err=True)
        raise typer.Exit(1) from None
    except SettingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def reported(as_json: bool = False) -> Iterator[None]:
    """End the command with exit code 1 and the message of a ``VigiaError``; in JSON on standard output if asked.

    What the operating system refuses (a file, a folder, a full disk) is told likewise.
    """
    try:
        yield
    except BrokenPipeError:  # whoever read our output has seen enough: typer ends the command without a word
        raise
    except (VigiaError, OSError) as failure:
        error = failure if isinstance(failure, VigiaError) else _refused(failure)
        if as_json:
            typer.echo(json.dumps({"ok": False, "error": {"code": error.code, "message": error.message}}, indent=2))
        typer.echo(f"error: {error.message}", err=True)
        raise typer.Exit(1) from None


def _refused(error: OSError) -> StorageError:
    place = f"{error.filename}: " if error.filename else ""
    return StorageError(f"{place}{error.strerror or error}")
