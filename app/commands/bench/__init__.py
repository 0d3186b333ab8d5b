"""``python -m app bench``: measurements."""

import typer

from app.commands.bench.analysis import bench_analysis

app = typer.Typer(no_args_is_help=True, help="Measure quality and speed.")
app.command("analysis")(bench_analysis)


@app.callback()
def _root() -> None:
    """Measure quality and speed."""
