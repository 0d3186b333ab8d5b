"""``python -m app bench``: measurements."""

import typer

from app.commands.bench.analysis import bench_analysis
from app.commands.bench.audio import bench_audio
from app.commands.bench.diarization import bench_diarization
from app.commands.bench.vision import bench_vision

app = typer.Typer(no_args_is_help=True, help="Measure quality and speed.")
app.command("analysis")(bench_analysis)
app.command("audio")(bench_audio)
app.command("diarization")(bench_diarization)
app.command("vision")(bench_vision)


@app.callback()
def _root() -> None:
    """Measure quality and speed."""
