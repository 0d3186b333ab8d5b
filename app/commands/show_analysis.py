"""An analysis as readable tables on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.commands.show_timeline import minutes_and_seconds

TITLES = {
    "en": {
        "summary": "Summary",
        "transcript": "Who said what",
        "decisions": "Decisions",
        "open_questions": "Open questions",
        "action_items": "Action items",
        "risks": "Risks",
        "evidence": "Evidence",
        "owner": "Who",
        "due": "When",
        "task": "What",
        "none": "none",
        "photo": "photo",
        "incomplete": "Incomplete",
        "notes": "Notes",
    },
    "es": {
        "summary": "Resumen",
        "transcript": "Quién dijo qué",
        "decisions": "Decisiones",
        "open_questions": "Preguntas abiertas",
        "action_items": "Tareas",
        "risks": "Riesgos",
        "evidence": "Pruebas",
        "owner": "Quién",
        "due": "Cuándo",
        "task": "Qué",
        "none": "nada",
        "photo": "foto",
        "incomplete": "Incompleto",
        "notes": "Notas",
    },
}
"""Headings by language; English for every other language."""


def show_analysis(console: Console, analysis: Mapping[str, Any]) -> None:
    """Print transcript, summary, claims with their evidence, and notes of one analysis (the JSON of the wire contract)."""
    titles = TITLES.get(str(analysis.get("summary_language") or analysis.get("language")), TITLES["en"])
    if analysis["transcript"]:
        console.print(_transcript(analysis["transcript"], titles))
    console.print(Panel(Text(analysis["summary"] or titles["none"]), title=titles["summary"], title_align="left"))
    for kind in ("decisions", "open_questions", "risks"):
        console.print(_claims(titles[kind], analysis[kind], analysis["evidence"][kind], titles))
    console.print(_action_items(analysis["action_items"], titles))
    quality = analysis["quality"]
    if quality["notes"]:
        lines = Group(*(Text(f"• {note}") for note in quality["notes"]))
        title, style = ("notes", "dim") if quality["complete"] else ("incomplete", "yellow")
        console.print(Panel(lines, title=titles[title], title_align="left", border_style=style))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _transcript(lines: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> Table:
    table = _table(titles["transcript"])
    table.show_header = False
    table.add_column("time", justify="right", no_wrap=True, style="dim")
    table.add_column("speaker", no_wrap=True, style="cyan")
    table.add_column("text", ratio=1, overflow="fold")
    for line in lines:
        table.add_row(minutes_and_seconds(line["start"]), Text(line["speaker"] or "?"), Text(line["text"]))
    return table


def _proof(evidence: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> Text:
    lines = [f"{e['segment_id']}: “{e['quote']}”" for e in evidence if e.get("segment_id")]
    lines += [f"{titles['photo']} {e['frame_id']}" for e in evidence if e.get("frame_id")]
    return Text("\n".join(lines), style="dim")


def _claims(
    title: str, claims: Sequence[str], evidence: Sequence[Sequence[Mapping[str, Any]]], titles: Mapping[str, str]
) -> Table:
    table = _table(title, title, titles["evidence"])
    table.show_header = False
    for claim, proof in zip(claims, evidence, strict=True):
        table.add_row(Text(claim), _proof(proof, titles))
    if not claims:
        table.add_row(Text(titles["none"], style="dim"), "")
    return table


def _action_items(items: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> Table:
    table = _table(titles["action_items"], titles["task"], titles["owner"], titles["due"], titles["evidence"])
    for item in items:
        steps = "".join(f"\n  {number}. {step}" for number, step in enumerate(item["steps"], 1))
        due = "\n".join(str(value) for value in (item["due_text"], item["due"]) if value)
        what = Text.assemble((item["title"], "bold"), "\n", item["description"], steps)
        table.add_row(what, Text(item["owner"] or "?"), Text(due or "-"), _proof(item["evidence"], titles))
    if not items:
        table.add_row(Text(titles["none"], style="dim"), "", "", "")
    return table
