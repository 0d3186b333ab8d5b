"""When something is due: the words that say so, and the day or time they mean."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.analysis.due_words import DUE_WORDS, DueWords
from app.domain.analysis.words import plain


def find_due(text: str, language: str) -> str | None:
    """The longest phrase of ``text`` that says when something is due, verbatim; None if there is none, or for other languages."""
    words = DUE_WORDS.get(language)
    if words is None:
        return None
    flat = _flatten(text)
    for pattern in words.patterns:
        matches = [match for match in pattern.finditer(flat) if match.group().strip()]
        if matches:
            longest = max(matches, key=lambda match: len(match.group().strip()))
            lead = len(longest.group()) - len(longest.group().lstrip())
            return text[longest.start() + lead : longest.end()].strip()
    return None


def resolve_due(due_text: str, language: str, started_at: float | None, timezone_name: str | None) -> str | None:
    """The ISO 8601 date, or date and time, that a phrase means.

    Args:
        due_text: what was said.
        language: ISO 639-1.
        started_at: unix seconds at which it was said; None = nothing can be worked out.
        timezone_name: IANA name; None or an unknown one = UTC.

    Returns:
        None if the words leave it open ("soon", "next week").
    """
    words = DUE_WORDS.get(language)
    if words is None or started_at is None:
        return None
    try:
        return _meant(_flatten(due_text), words, started_at, _zone(timezone_name))
    except (ValueError, OverflowError):  # words may name any number, also one beyond what a calendar holds
        return None


def _zone(name: str | None) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _meant(flat: str, words: DueWords, started_at: float, zone: tzinfo) -> str | None:
    day = _day(flat, words, datetime.fromtimestamp(started_at, zone).date())
    if day is None:
        return None
    clock = _clock(flat, words)
    if clock is None:
        return day.isoformat()
    return datetime(day.year, day.month, day.day, *clock, tzinfo=zone).isoformat()


def _flatten(text: str) -> str:
    """Lower case without accents, letter for letter, so that offsets stay."""
    return "".join((plain(character) or character)[:1] for character in text)


def _day(flat: str, words: DueWords, today: date) -> date | None:
    for phrase, days in words.days.items():
        if re.search(rf"\b{phrase}\b", flat):
            return today + timedelta(days=days)
    for number, weekday in enumerate(words.weekdays):
        if re.search(rf"\b{weekday}\b", flat):
            return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return _counted(flat, words, today) or _of_month(flat, words, today) or _tomorrow(flat, words, today)


def _tomorrow(flat: str, words: DueWords, today: date) -> date | None:
    """Spanish has one word for tomorrow and morning: it is looked at last."""
    if words is DUE_WORDS["es"] and re.search(r"(?<!la )\bmanana\b", flat):
        return today + timedelta(days=1)
    return None


def _counted(flat: str, words: DueWords, today: date) -> date | None:
    match = re.search(words.after, flat)
    if match is None:
        return None
    count = _number(match["count"] or match["count2"], words)
    return today + timedelta(days=count * words.units[match["unit"] or match["unit2"]]) if count else None


def _of_month(flat: str, words: DueWords, today: date) -> date | None:
    end = re.search(words.month_end, flat)
    if end is not None:
        month = words.months.index(end["month"]) + 1 if end["month"] in words.months else today.month
        year = today.year + (month < today.month)
        return date(year, month, calendar.monthrange(year, month)[1])
    match = re.search(words.date, flat)
    if match is None:
        return None
    day = _number(match["day"] or match["day2"], words)
    name = match["month"] or match["month2"]
    if not day or not 1 <= day <= 31:
        return None
    if name:
        return _valid(today.year, words.months.index(name) + 1, day, today, months=12)
    return _valid(today.year, today.month, day, today, months=1)


def _valid(year: int, month: int, day: int, today: date, *, months: int) -> date | None:
    """The first such day from today on, going forward by so many months."""
    for _ in range(12):
        if day <= calendar.monthrange(year, month)[1] and date(year, month, day) >= today:
            return date(year, month, day)
        total = year * 12 + month - 1 + months
        year, month = total // 12, total % 12 + 1
    return None


def _clock(flat: str, words: DueWords) -> tuple[int, int] | None:
    match = re.search(words.clock, flat)
    if match is None:
        return None
    if match["hour2"] is not None:
        return int(match["hour2"]), int(match["minute2"])
    hour = _number(match["hour"], words)
    if not hour or hour > 12:
        return None
    hour = hour % 12 + (12 if match["half"] in words.afternoon else 0)
    return hour, int(match["minute"] or 0)


def _number(text: str, words: DueWords) -> int:
    digits = re.match(r"\d+", text)
    return int(digits.group()) if digits else words.numbers.get(text, 0)
