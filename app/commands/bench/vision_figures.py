"""The figures of ``bench vision`` as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.commands.bench.machine import describe
from app.commands.bench.vision_phases import ALONE, BARE, IN_SESSION, SERVER
from app.commands.bench.vision_timings import ALLOWED_MS, ALLOWED_SHARE, ALLOWED_STALL_S, ALLOWED_UNDER_LOAD


def show(console: Console, figures: Mapping[str, Any]) -> None:
    """Print the figures; times in milliseconds as median / 95th percentile."""
    console.print(
        f"{figures['model']}, {figures['photos']} photos {figures['source']}, "
        f"{figures['rounds']} rounds, on {describe(figures['machine'])}",
        highlight=False,
    )
    console.print(_load_average(figures["load_average"]), highlight=False)
    for size, idle in figures["latency"].items():
        _show_latency(console, size, idle, figures["under_load"] if idle is _first(figures["latency"]) else None)
    _show_load(console, figures["under_load"])
    _show_memory(console, figures["memory"])
    _show_quality(console, figures["quality"])


def _first(sizes: Mapping[str, Any]) -> Any:
    return next(iter(sizes.values()))


def _show_latency(console: Console, size: str, idle: Mapping[str, Any], loaded: Mapping[str, Any] | None) -> None:
    columns = {way: idle["ways"][way] for way in (BARE, ALONE, IN_SESSION)}
    if loaded is not None:
        columns["under load"] = loaded["answers"]
    table = Table(f"ms, p50 / p95: {size}", *columns, box=None, pad_edge=False)
    table.add_row("whole request", *(_pair(figures) for figures in columns.values()))
    for stage in dict.fromkeys(name for figures in columns.values() for name in figures["stages"]):
        table.add_row(f"  {stage}", *(_pair(figures["stages"].get(stage)) for figures in columns.values()))
    table.add_row("photos", *(str(figures["photos"]) for figures in columns.values()))
    console.print(table)
    for way, more in idle["more_than_bare"].items():
        if more["p50_ms"] is not None:
            allowed = f"allowed {ALLOWED_MS:g} ms or {100 * ALLOWED_SHARE:g} %: {_verdict(more['met'])}"
            console.print(
                f"{way}, more than bare models at p50: {more['p50_ms']:+.1f} ms ({100 * more['p50_share']:+.1f} %), "
                f"photo by photo {more['paired_median_ms']:+.1f} ms ({allowed})",
                highlight=False,
            )
    _show_stalls(console, "while idle", idle["stalls"])
    if idle["skipped"]:
        console.print(f"left out, since the models did not look: {idle['skipped']}", highlight=False)


def _show_load(console: Console, loaded: Mapping[str, Any] | None) -> None:
    if loaded is None:
        return
    if loaded["p95_times_idle"] is not None:
        console.print(
            f"{loaded['sessions']} sessions of {loaded['speech']}, a photo each {loaded['every_s']:g} s: p95 is "
            f"{loaded['p95_times_idle']:.2f} times the idle one in a session (allowed {ALLOWED_UNDER_LOAD:g}: "
            f"{_verdict(loaded['met'])}); refused {loaded['refused']}, left out {loaded['skipped']}",
            highlight=False,
        )
    _show_stalls(console, "under load", loaded["stalls"])


def _show_stalls(console: Console, when: str, stalls: Mapping[str, Any]) -> None:
    for whose, waits in stalls.items():
        if waits["p999_s"] is not None:
            told = ", ".join(f"{name} {1000 * waits[key]:.1f} ms" for name, key in _PERCENTILES)
            longest = waits["longest_below_s"]
            told += f", longest {'unknown' if longest is None else f'below {1000 * longest:g} ms'}"
            if whose == SERVER:
                told += f" (allowed p99.9 {1000 * ALLOWED_STALL_S:g} ms: {_verdict(waits['met'])})"
            console.print(f"event loop {when}, {whose}: {told}", highlight=False)


_PERCENTILES = (("p50", "p50_s"), ("p99", "p99_s"), ("p99.9", "p999_s"))


def _show_memory(console: Console, memory: Mapping[str, Any]) -> None:
    table = Table("MiB in memory", "server", "its photo decoders", "bare models", box=None, pad_edge=False)
    for row in memory["moments"]:
        cells = (str(row[key]) for key in ("server_mib", "decoders_mib", "bare_mib"))
        table.add_row(row["when"], *cells)
    console.print(table)
    if memory["describer_mib"] is not None:
        console.print(f"loading the server's describer took {memory['describer_mib']} MiB", highlight=False)


def _show_quality(console: Console, quality: Mapping[str, Any]) -> None:
    for row in quality["photos"]:
        console.print(f"\n[bold]{escape(row['file'])}[/bold]: {escape(_compared(row))}", highlight=False)
        for risk in row["risks"]:
            console.print(f"  {risk['severity']} {risk['kind']}: {escape(risk['text'])}", highlight=False)
        for label, lines in (("things", row["objects"]), ("text", row["text"])):
            if lines:
                console.print(f"  {label}: {escape(' · '.join(lines))}", highlight=False)
    if quality["totals"]:
        told = (f"{name} {quality['totals'][key]['found']} of {quality['totals'][key]['of']}" for name, key in _TOTALS)
        console.print("\nfound: " + ", ".join(told), highlight=False)


def _compared(row: Mapping[str, Any]) -> str:
    if "missed" not in row:
        return "no reference"
    parts = [f"missed {', '.join(row['missed'])}"] if row["missed"] else []
    parts += [] if row["text_found"] is None else [f"text {_found(row['text_found'])}"]
    parts += [f"risk “{row['risk']}” {_found(row['risk_found'])}"] if row["risk"] else []
    return ", ".join(parts) or "as it should be"


_TOTALS = (("things", "must_detect"), ("texts", "texts"), ("fitting risks", "risks"))


def _load_average(load: Mapping[str, Any]) -> str:
    if load["before"] is None:
        return "load average of the machine: unknown"
    return f"load average of the machine (1 min): {load['before']:.1f} before, {load['after']:.1f} after"


def _pair(figures: Mapping[str, float | None] | None) -> str:
    if figures is None or figures["p50_ms"] is None:
        return "–"
    return f"{figures['p50_ms']:.1f} / {figures['p95_ms']:.1f}"


def _found(value: bool) -> str:
    return "found" if value else "not found"


def _verdict(met: bool | None) -> str:
    return "unknown" if met is None else "met" if met else "not met"
