"""A session on a terminal while it runs: final segments and photos scroll by, the words of the moment and the progress stay below."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from app.commands.photo_client import PhotoNews
from app.commands.show_timeline import minutes_and_seconds

STAGES = {
    "sending": "audio acknowledged",
    "transcribing": "transcribing",
    "diarizing": "telling speakers apart",
    "analyzing": "analysing",
}


class LiveTranscript:
    """Shows the server's messages as they come. On something that is no terminal, only final segments and stages."""

    def __init__(self, console: Console, *, total_s: float) -> None:
        self._console = console
        self._total_s = total_s
        self._bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"), console=console
        )
        self._tasks = {stage: self._bars.add_task(title, total=1.0, visible=False) for stage, title in STAGES.items()}
        self._stage = ""
        self._printed: dict[str, str] = {}
        self._words = Text()
        self._live = Live(self._view(), console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> "LiveTranscript":
        """Begin to show."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave only what is final on the screen."""
        self._live.stop()

    def show(self, message: Mapping[str, Any]) -> None:
        """Show one message of the server."""
        kind = message["type"]
        if kind == "ready":
            verb = "resumed" if message["resumed"] else "started"
            self._console.print(f"session {message['session_id']} {verb}", style="dim", highlight=False)
        elif kind == "ack":
            self._advance("sending", message["audio_ms"] / 1000 / self._total_s if self._total_s else 1.0)
        elif kind == "partial_result":
            self._partial(message)
        elif kind == "progress":
            self._advance(message["stage"], message["fraction"])
        elif kind == "error":
            self._console.print(f"error {message['code']}: {message['message']}", style="red", markup=False)
        elif kind == "alert":
            self._console.print(f"{message['severity']}: {message['text']}", style="yellow", markup=False)
        self._live.update(self._view())

    def show_photo(self, news: PhotoNews) -> None:
        """Show what became of a photo."""
        place = f"photo {news.frame_id}" if news.frame_id else "photo"
        style = "yellow" if news.failed else "cyan"
        line = f"{minutes_and_seconds(news.offset_s)}  [{place}, {news.name}] {news.text}"
        self._console.print(line, style=style, markup=False, highlight=False)

    def _partial(self, message: Mapping[str, Any]) -> None:
        for segment in message["segments"]:
            if segment["final"] and self._printed.get(segment["id"]) != segment["text"]:  # told again after a resume
                self._printed[segment["id"]] = segment["text"]
                line = f"{minutes_and_seconds(segment['start'])}  {segment['text']}"
                self._console.print(line, markup=False, highlight=False)
        self._words = Text(message["text"], style="italic dim")

    def _advance(self, stage: str, fraction: float) -> None:
        if stage not in self._tasks:
            return
        if stage != self._stage and stage != "sending" and not self._console.is_terminal:
            self._console.print(f"{STAGES[stage]} …", style="dim")
        self._stage = stage
        self._bars.update(self._tasks[stage], completed=min(fraction, 1.0), visible=True)

    def _view(self) -> RenderableType:
        return Group(self._words, self._bars)
