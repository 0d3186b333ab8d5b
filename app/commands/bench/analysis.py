"""``python -m app bench analysis``: how much of what was planted in the evaluation dialogues does the analysis find."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.application.analysis.analyze_transcript import AnalysisContext, AnalyzeTranscript
from app.commands.bench.dialogues import Dialogue, dialogue_paths, read_dialogue
from app.commands.bench.machine import describe, machine
from app.commands.bench.matching import KINDS
from app.commands.bench.scores import Cost, DialogueScore, report, score
from app.commands.options import load_settings, reported
from app.commands.output import check_writable, write_json
from app.composition.choice import check_models
from app.composition.models import build_language_model, close_adapters
from app.domain.analysis.sentences import split_sentences
from app.domain.language.gateway import LanguageModel
from app.settings import Settings

_DEFAULT_PLACES = [Path("evaluation/seen")]

Places = Annotated[list[Path] | None, typer.Argument(help="Dialogues, or folders of them; default: evaluation/seen.")]
Output = Annotated[Path | None, typer.Option("--json", help="Write all figures, misses and false items there.")]
Profile = Annotated[str | None, typer.Option("--profile", help="Whose language model; default: the configured one.")]
ModelsDir = Annotated[Path | None, typer.Option("--models-dir", help="Where models lie; default: the user's cache.")]
Misses = Annotated[bool, typer.Option("--misses", help="List what was missed and what was false.")]


def bench_analysis(
    places: Places = None,
    output: Output = None,
    profile: Profile = None,
    models_dir: ModelsDir = None,
    misses: Misses = False,
) -> None:
    """Measure recall, precision, owners, grounding, summary length and time of the analysis."""
    settings = load_settings(profile=profile, models_dir=models_dir)
    with reported():
        check_models(settings)
        check_writable(output)
        dialogues = [read_dialogue(path) for path in dialogue_paths(places or _DEFAULT_PLACES)]
        with language_model(settings) as model:
            scores = asyncio.run(run(dialogues, model))
            figures: dict[str, Any] = {"machine": machine(), "model": model.model_id, **report(scores)}
        show(Console(width=None if sys.stdout.isatty() else 120), figures, misses=misses)
        write_json(output, figures)


async def run(dialogues: Sequence[Dialogue], model: LanguageModel) -> list[DialogueScore]:
    """Analyse dialogues one after the other, each afresh; the model is loaded before the clock runs."""
    await model.count_tokens("")
    return [await measure(dialogue, AnalyzeTranscript(model)) for dialogue in dialogues]


async def measure(dialogue: Dialogue, analysis: AnalyzeTranscript) -> DialogueScore:
    """Analyse one dialogue, all of it after its end, as a session whose speakers have no names yet."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    news_s = [began_s]
    findings = await analysis.analyze(
        dialogue.lines,
        AnalysisContext(language=dialogue.language),
        lambda fraction: news_s.append(time.perf_counter()),
    )
    news_s.append(time.perf_counter())
    cost = Cost(
        wall_s=news_s[-1] - began_s,
        cpu_s=time.process_time() - began_cpu_s,
        sentences=len(split_sentences(dialogue.lines)),
        longest_silence_s=max(later - earlier for earlier, later in pairwise(news_s)),
    )
    return score(dialogue, findings, cost)


@contextmanager
def language_model(settings: Settings) -> Iterator[LanguageModel]:
    """The configured language model; closed afterwards."""
    model = build_language_model(settings)
    try:
        yield model
    finally:
        close_adapters(model)


def show(console: Console, figures: dict[str, Any], *, misses: bool) -> None:
    """Print the figures as tables."""
    console.print(f"{figures['model']} on {describe(figures['machine'])}", highlight=False)
    table = _table(
        "Dialogue", "planted", "found", "matched", "recall", "precision", "owners", "words", "seconds", "of session"
    )
    for entry in figures["dialogues"]:
        wall_s = entry["cost"]["wall_s"]
        share = _percent(wall_s / entry["duration_s"]) if entry["duration_s"] else "–"
        table.add_row(
            entry["id"], *_counts(entry), entry["owners_right"], str(entry["summary_words"]), f"{wall_s:.1f}", share
        )
    console.print(table)
    table = _table("Kind", "planted", "found", "matched", "recall", "precision")
    for name, tally in [*((kind, figures["kinds"][kind]) for kind in KINDS), *figures["by_language"].items()]:
        table.add_row(name, *_counts(tally))
    table.add_section()
    table.add_row("total", *_counts(figures["total"]))
    console.print(table)
    console.print("\n".join(_remarks(figures)), highlight=False, soft_wrap=True)
    if misses:
        _show_misses(console, figures)


def _remarks(figures: dict[str, Any]) -> Iterator[str]:
    owners, seconds = figures["owners"], figures["seconds"]
    yield f"owners right: {owners['right']} of {owners['matched_tasks']} ({_percent(owners['share'])})"
    yield f"ungrounded quotes: {figures['ungrounded_quotes']}"
    yield f"items found where nothing was planted: {figures['found_where_nothing_was_planted']}"
    yield (
        f"summaries: at most {figures['summary_words_max']} words, {figures['summaries_too_long']} too long, "
        f"{figures['summaries_missing']} missing"
    )
    yield (
        f"time: {seconds['wall_per_sentence'] or 0:.2f} s a sentence, {_percent(seconds['wall_per_session_second'])} of the "
        f"sessions' length, CPU {seconds['cpu']:.0f} s, longest time without progress {seconds['longest_silence']:.1f} s"
    )


def _show_misses(console: Console, figures: dict[str, Any]) -> None:
    for entry in figures["dialogues"]:
        for verdict in ("missed", "false"):
            for item in entry[verdict]:
                text = f"{entry['id']} {verdict} {item['kind']} {','.join(item['lines'])}: {item['text']}"
                console.print(text, highlight=False, markup=False, soft_wrap=True)


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _counts(tally: dict[str, Any]) -> list[str]:
    return [
        *(str(tally[key]) for key in ("planted", "found", "matched")),
        _percent(tally["recall"]),
        _percent(tally["precision"]),
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"
