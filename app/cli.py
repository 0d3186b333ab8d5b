"""The command line: ``python -m app COMMAND``. Each command lives in ``app/commands``."""

import typer

from app import __version__
from app.commands import bench, demo, doctor, models, serve, simulate, transcribe

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(serve.serve)
app.command()(demo.demo)
app.command()(simulate.simulate)
app.command()(transcribe.transcribe)
app.add_typer(models.app, name="models")
app.command()(doctor.doctor)
app.add_typer(bench.app, name="bench")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.callback()
def _root() -> None:
    """Vigía: a local multimodal backend for wearable glasses."""


def main() -> None:
    """Run the command line."""
    app()
