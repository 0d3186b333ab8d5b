"""A session's timeline as a readable table on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

TITLES = {
    "en": {
        "title": "Timeline",
        "photo": "photo",
        "gap": "no audio",
        "waiting": "not described yet",
        "failed": "could not be described",
        "same": "shows the same as",
        "risk": "risk",
        "info": "note",
        "warning": "warning",
        "danger": "danger",
    },
    "es": {
        "title": "Cronología",
        "photo": "foto",
        "gap": "sin audio",
        "waiting": "aún sin describir",
        "failed": "no se pudo describir",
        "same": "se ve lo mismo que en",
        "risk": "riesgo",
        "info": "aviso",
        "warning": "atención",
        "danger": "peligro",
    },
}
"""Words by language; English for every other language."""
STYLES = {"segment": "", "photo": "cyan", "gap": "dim", "risk": "yellow"}
MARKS = {"segment": "", "photo": "◉ ", "gap": "… ", "risk": "! "}


def minutes_and_seconds(offset_s: float) -> str:
    """Such as ``1:05``; a minus before the session's start."""
    minutes, seconds = divmod(abs(int(offset_s)), 60)
    return f"{'-' if offset_s <= -1 else ''}{minutes}:{seconds:02d}"


def show_timeline(console: Console, timeline: Mapping[str, Any], language: str) -> None:
    """Print a timeline (the JSON of the wire contract): what was said in one line each, photos and risks in full.

    Args:
        console: where to.
        timeline: as ``GET /session/{id}/timeline`` answers it.
        language: ISO 639-1 of the headings.
    """
    words = TITLES.get(language, TITLES["en"])
    photos = {photo["frame_id"]: photo for photo in timeline["photos"]}
    table = Table(title=words["title"], title_justify="left", title_style="bold", expand=True, show_header=False)
    table.add_column("time", justify="right", no_wrap=True, style="dim")
    table.add_column("who or what", no_wrap=True)
    table.add_column("text", ratio=1)
    for entry in timeline["entries"]:
        kind = entry["kind"]
        style = "bold red" if entry["severity"] == "danger" else STYLES.get(kind, "")
        said = kind == "segment"
        table.add_row(
            minutes_and_seconds(entry["start"]),
            Text(MARKS.get(kind, "") + _who(entry, words), style=style or "cyan"),
            Text(
                _text(entry, photos, words),
                style=style,
                no_wrap=said,
                overflow="ellipsis" if said else "fold",
            ),
        )
    console.print(table)


def _who(entry: Mapping[str, Any], words: Mapping[str, str]) -> str:
    kind = str(entry["kind"])
    if kind == "segment":
        return entry["speaker"] or "?"
    if kind == "photo":
        return f"{words['photo']} {entry['frame_id']}"
    return words.get(entry["severity"] or kind, kind)


def _text(entry: Mapping[str, Any], photos: Mapping[str, Mapping[str, Any]], words: Mapping[str, str]) -> str:
    if entry["kind"] == "gap":
        return f"{entry['end'] - entry['start']:.1f} s"
    photo = photos.get(entry["frame_id"]) if entry["kind"] == "photo" else None
    if photo is not None and photo["duplicate_of"]:
        return f"{words['same']} {photo['duplicate_of']}"
    if photo is not None and not entry["text"]:
        return words.get(photo["status"], "")
    return str(entry["text"])
