"""The summary tells of photos where they matter, in a sentence or two; of a session of photos alone it tells what they show."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from app.domain.analysis.album import Album, Look, content_words
from app.domain.analysis.photo_phrases import has_quotation, limited_sentences, risk_phrase, view_phrase
from app.domain.analysis.photo_wording import PhotoWording, photo_wording
from app.domain.analysis.wording import capitalised
from app.domain.vision.models import SeenPhoto, Severity

MAX_WORDS = 120
"""Of the whole summary, as without photos."""
_LEAST_WORDS = 60
"""So much of what was said stays in a summary, whatever was seen."""
_MAX_SIGHTS, _MAX_RISKS, _MAX_SCENES = 3, 3, 5
"""Photos told beside what was said; risks, and scenes, told of a session of photos alone: what fits into the words."""
_SAME = 0.6
"""Share of content words that were told already from which the rest is not worth telling."""

Part = TypeVar("Part")


@dataclass(frozen=True)
class Sight:
    """Something that was seen, and may be told.

    Attributes:
        text: a phrase or a sentence.
        offset_s: when.
        severity: of a risk; None for the view alone.
    """

    text: str
    offset_s: float
    severity: Severity | None = None


def summary_with_photos(
    summary: str, album: Album, risks: Sequence[Sight], cited: Collection[str], count: int, language: str
) -> str:
    """Add to a summary what was seen.

    Args:
        summary: of what was said; empty if nothing was.
        album: the photos that were described.
        risks: seen, and not among the risks that were said.
        cited: ids of photos that something which was said cites.
        count: how many photos there are in all.
        language: ISO 639-1 of the summary.

    Returns:
        At most 120 words.
    """
    words = photo_wording(language)
    grave = [risk for risk in risks if risk.severity is not Severity.INFO]
    if not summary.strip():
        return _of_photos_alone(album, grave, count, words, language)
    added = _beside_words(album, grave, cited, count, words, language)
    if not added:
        return summary
    spare = MAX_WORDS - _LEAST_WORDS
    parts = [part for part in added if len(part.split()) <= spare]
    while len(parts) > 1 and _words([summary, *parts]) > MAX_WORDS:
        parts.pop()  # the view goes before the risk
    if not grave and _words([summary, *parts]) > MAX_WORDS:
        return summary
    return " ".join([limited_sentences(summary, MAX_WORDS - _words(parts)), *parts])


def photo_notes(photos: Sequence[SeenPhoto], language: str) -> tuple[str, ...]:
    """What the user should know about photos that could not be described; empty if all were.

    Args:
        photos: the session's; a near-duplicate needs no description of its own.
        language: ISO 639-1 of the analysis.
    """
    described = {look.frame_id for look in Album(photos).looks}
    missing = sum(photo.frame_id not in described for photo in photos)
    words = photo_wording(language)
    if not missing:
        return ()
    if missing == len(photos):
        return (_none_described(len(photos), words),)
    note = words.one_missing if missing == 1 else words.some_missing
    return (note.format(missing=missing, count=len(photos)),)


def _none_described(count: int, words: PhotoWording) -> str:
    return words.one_not_described if count == 1 else words.none_described.format(count=count)


def _beside_words(
    album: Album, risks: Sequence[Sight], cited: Collection[str], count: int, words: PhotoWording, language: str
) -> list[str]:
    """Sentences about risks, then about views: those that somebody spoke about come before mere changes of scene."""
    dangers = _gravest(risks, _MAX_SIGHTS - 1, language)
    looks = [*(look for look in album.looks if look.frame_id in cited), *_spread(album.distinct(), _MAX_SIGHTS)]
    views = _new(_views(looks, words, language), dangers, _MAX_SIGHTS - len(dangers), language)
    views.sort(key=lambda sight: sight.offset_s)
    sentences = []
    if dangers:
        heading = f"{_heading(dangers, words)} {words.in_photo if count == 1 else words.in_photos}"
        sentences.append(f"{heading}: {_listed(dangers, words)}.")
    if views and count == 1:
        sentences.append(words.seen_in_one.format(moment=words.moment(views[0].offset_s), told=views[0].text))
    elif views:
        sentences.append(words.seen.format(told=_in_sentences(_at(views, words, words.then))))
    return [_ended(sentence) for sentence in sentences]


def _of_photos_alone(album: Album, risks: Sequence[Sight], count: int, words: PhotoWording, language: str) -> str:
    if not album.looks:
        return _none_described(count, words)
    begin = album.looks[0].offset_s
    dangers = [replace(risk, offset_s=risk.offset_s - begin) for risk in _gravest(risks, _MAX_RISKS, language)]
    told_risks = ""
    if dangers:
        listed = "; ".join(danger.text for danger in dangers) if count == 1 else _listed(dangers, words)
        told_risks = _ended(f"{_heading(dangers, words)}: {listed}.")
    distinct = album.distinct()
    for most in range(_MAX_SCENES, 0, -1):
        views = _views(_spread(distinct, most), words, language, or_nothing=True)
        told = _scenes([replace(view, offset_s=view.offset_s - begin) for view in views], album, count, words)
        if len(distinct) <= most and len(views) > 1:
            told = f"{told} {_repeated(len(album.looks) - len(distinct), words)}".strip()
        if _words([told, told_risks]) <= MAX_WORDS:
            break
    return limited_sentences(f"{told} {told_risks}".strip(), MAX_WORDS)


def _repeated(count: int, words: PhotoWording) -> str:
    return "" if not count else words.one_repeats if count == 1 else words.some_repeat.format(count=count)


def _scenes(views: Sequence[Sight], album: Album, count: int, words: PhotoWording) -> str:
    if count == 1:
        return _ended(words.taken_one.format(told=views[0].text)) if views else ""
    length = album.looks[-1].offset_s - album.looks[0].offset_s
    taken = words.taken if round(length) > 1 else words.taken_at_once
    opening = taken.format(count=count, length=words.length(length))
    if not views:
        return f"{opening}."
    if len(views) == 1:
        alike = len(album.looks) == count and len(album.distinct()) == 1
        told = words.alike.format(told=views[0].text) if alike else f". {capitalised(views[0].text)}."
        return _ended(opening + told)
    middle = _at(views[1:-1], words, words.then)
    last = f"{words.last if middle else words.then}, {views[-1].text}"
    told = _in_sentences([f"{words.first}, {views[0].text}", *middle, last])
    return _ended(f"{opening}. {told}.")


def _heading(dangers: Sequence[Sight], words: PhotoWording) -> str:
    return words.risk if len(dangers) == 1 else words.risks


def _gravest(risks: Sequence[Sight], most: int, language: str) -> list[Sight]:
    rank = {sight: -sight.severity.rank for sight in risks if sight.severity is not None}
    ordered = sorted(risks, key=lambda sight: (rank.get(sight, 0), sight.offset_s))
    phrases = (replace(sight, text=risk_phrase(sight.text, language)) for sight in ordered)
    return sorted(_new(phrases, [], most, language), key=lambda sight: sight.offset_s)


def _views(looks: Iterable[Look], words: PhotoWording, language: str, *, or_nothing: bool = False) -> list[Sight]:
    """What photos show; one of them at most is told with the text that it shows.

    Args:
        looks: the photos, in order.
        words: of the summary's language.
        language: the same.
        or_nothing: whether to tell of photos in which nothing was recognised, unless their risks are told.
    """
    views: list[Sight] = []
    quoted = False
    for look in looks:
        description, written_in = look.scene.description, look.scene.language or language
        text = view_phrase(description, written_in, quote=not quoted)
        if not text and has_quotation(description):
            text = words.some_text
        grave = any(risk.severity is not Severity.INFO for risk in look.scene.risks)
        if not text and or_nothing and not grave:
            text = words.nothing_seen
        quoted = quoted or has_quotation(text)
        if text:
            views.append(Sight(text, look.offset_s))
    return views


def _new(sights: Iterable[Sight], told: Sequence[Sight], most: int, language: str) -> list[Sight]:
    """The first ones that say something that was not said before."""
    kept: list[Sight] = []
    known = [content_words(sight.text, language) for sight in told]
    for sight in sights:
        content = content_words(sight.text, language)
        if sight.text and not any(content and len(content & earlier) >= _SAME * len(content) for earlier in known):
            kept.append(sight)
            known.append(content)
        if len(kept) == most:
            break
    return kept


def _spread(views: Sequence[Part], most: int) -> Sequence[Part]:
    """Not too many, evenly, the first and the last among them."""
    if len(views) <= most:
        return views
    return [views[round(place * (len(views) - 1) / max(most - 1, 1))] for place in range(most)]


def _listed(sights: Sequence[Sight], words: PhotoWording) -> str:
    return "; ".join(told.replace(";", ",") for told in _at(sights, words, words.also))


def _at(sights: Sequence[Sight], words: PhotoWording, again: str) -> list[str]:
    """Each with its moment; ``again`` stands for one that was just said."""
    told: list[str] = []
    before = ""
    for sight in sights:
        moment = words.moment(sight.offset_s)
        told.append(f"{again if moment == before else moment}, {sight.text}")
        before = moment
    return told


def _in_sentences(parts: Sequence[str]) -> str:
    """Descriptions have commas and semicolons of their own; the full stop after the last one is left to the caller."""
    told = parts[0]
    for part in parts[1:]:
        told = f"{_ended(told + '.')} {capitalised(part)}"
    return told


def _ended(sentence: str) -> str:
    """One mark at the end, although what is told may bring its own."""
    return sentence[:-1] if sentence.endswith(("….", "!.", "?.", "..")) else sentence


def _words(parts: Sequence[str]) -> int:
    return sum(len(part.split()) for part in parts)
