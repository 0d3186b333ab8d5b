"""The summary tells of photos where they matter, in a sentence or two; of a session of photos alone it tells what they show."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from app.domain.analysis.album import Album, Look, content_words
from app.domain.analysis.lexicon import Lexicon, lexicon_for
from app.domain.analysis.photo_wording import PhotoWording, photo_wording
from app.domain.analysis.sentences import split_text
from app.domain.analysis.wording import capitalised, limited_words, shortened
from app.domain.vision.models import SeenPhoto, Severity

MAX_WORDS = 120
"""Of the whole summary, as without photos."""
_LEAST_WORDS = 60
"""So much of what was said stays in a summary, whatever was seen."""
_MAX_TOLD_CHARS = 120
"""Of what is told of one photo: its first sentence, as a rule."""
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
    return " ".join([limited_words(summary, MAX_WORDS - _words(parts)), *parts])


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
    views = _new((_view(look, language) for look in looks), dangers, _MAX_SIGHTS - len(dangers), language)
    views.sort(key=lambda sight: sight.offset_s)
    sentences = []
    if dangers:
        heading = f"{_heading(dangers, words)} {words.in_photo if count == 1 else words.in_photos}"
        sentences.append(f"{heading}: {_listed(dangers, words)}.")
    if views and count == 1:
        sentences.append(words.seen_in_one.format(moment=words.moment(views[0].offset_s), told=views[0].text))
    elif views:
        sentences.append(words.seen.format(told=_in_sentences(_at(views, words))))
    return [_ended(sentence) for sentence in sentences]


def _of_photos_alone(album: Album, risks: Sequence[Sight], count: int, words: PhotoWording, language: str) -> str:
    if not album.looks:
        return _none_described(count, words)
    begin = album.looks[0].offset_s
    views = [replace(_view(look, language), offset_s=look.offset_s - begin) for look in album.distinct()]
    views = [view for view in views if view.text]
    dangers = [replace(risk, offset_s=risk.offset_s - begin) for risk in _gravest(risks, _MAX_RISKS, language)]
    if not views and not dangers:
        return _none_described(count, words)
    told_risks = ""
    if dangers:
        listed = "; ".join(danger.text for danger in dangers) if count == 1 else _listed(dangers, words)
        told_risks = _ended(f"{_heading(dangers, words)}: {listed}.")
    for most in range(_MAX_SCENES, 0, -1):
        told = _scenes(_spread(views, most), album, count, words)
        if _words([told, told_risks]) <= MAX_WORDS:
            break
    return limited_words(f"{told} {told_risks}".strip(), MAX_WORDS)


def _scenes(views: Sequence[Sight], album: Album, count: int, words: PhotoWording) -> str:
    if count == 1:
        return _ended(words.taken_one.format(told=views[0].text)) if views else ""
    length = album.looks[-1].offset_s - album.looks[0].offset_s
    taken = words.taken if round(length) > 1 else words.taken_at_once
    opening = taken.format(count=count, length=words.length(length))
    if not views:
        return f"{opening}."
    if len(views) == 1:
        form = words.alike if len(album.looks) == count else words.shown
        return _ended(opening + form.format(told=views[0].text))
    middle = _at(views[1:-1], words)
    last = f"{words.last if middle else words.then}, {views[-1].text}"
    told = _in_sentences([f"{words.first}, {views[0].text}", *middle, last])
    return _ended(f"{opening}. {told}.")


def _heading(dangers: Sequence[Sight], words: PhotoWording) -> str:
    return words.risk if len(dangers) == 1 else words.risks


def _gravest(risks: Sequence[Sight], most: int, language: str) -> list[Sight]:
    rank = {sight: -sight.severity.rank for sight in risks if sight.severity is not None}
    ordered = sorted(risks, key=lambda sight: (rank.get(sight, 0), sight.offset_s))
    phrases = (replace(sight, text=_phrase(sight.text, language)) for sight in ordered)
    return sorted(_new(phrases, [], most, language), key=lambda sight: sight.offset_s)


def _view(look: Look, language: str) -> Sight:
    return Sight(_phrase(look.scene.description, look.scene.language or language), look.offset_s)


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
    return "; ".join(told.replace(";", ",") for told in _at(sights, words))


def _at(sights: Sequence[Sight], words: PhotoWording) -> list[str]:
    """Each with its moment, which is not said twice."""
    told: list[str] = []
    before = ""
    for sight in sights:
        moment = words.moment(sight.offset_s)
        told.append(f"{words.also if moment == before else moment}, {sight.text}")
        before = moment
    return told


def _in_sentences(parts: Sequence[str]) -> str:
    """Descriptions have commas and semicolons of their own; the full stop after the last one is left to the caller."""
    told = parts[0]
    for part in parts[1:]:
        told = f"{_ended(told + '.')} {capitalised(part)}"
    return told


def _phrase(text: str, language: str) -> str:
    """The beginning of a text as a part of a sentence; empty if the text tells nothing of the photo.

    Without what only says that it is a photo, in small letters, without full stop; a first sentence that only names the place
    ("It looks like a kitchen.") takes the next one along.
    """
    lexicon = lexicon_for(language)
    text = " ".join(text.split())
    parts = [text[start:end] for start, end in split_text(text)]
    parts = [_inner(part, lexicon) for part in parts if not lexicon.says("photo_caveats", part)]
    if not parts:
        return ""
    both = ": ".join(parts[:2])
    alone = not lexicon.says("photo_impressions", parts[0]) or len(both) > _MAX_TOLD_CHARS
    return shortened(parts[0] if alone else both, _MAX_TOLD_CHARS)


def _inner(sentence: str, lexicon: Lexicon) -> str:
    opening = lexicon.find("photo_openings", sentence)
    if opening is not None and len(sentence[opening.end() :].split()) >= 2:
        sentence = sentence[opening.end() :]
    sentence = sentence.rstrip(" .")
    word = sentence.split(" ", 1)[0]
    lower = word[1:].islower() or word in ("A", "Y", "O")
    return sentence[:1].lower() + sentence[1:] if lower else sentence


def _ended(sentence: str) -> str:
    """One mark at the end, although what is told may bring its own."""
    return sentence[:-1] if sentence.endswith(("….", "!.", "?.", "..")) else sentence


def _words(parts: Sequence[str]) -> int:
    return sum(len(part.split()) for part in parts)
