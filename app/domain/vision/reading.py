"""The text in a photo, cleaned: garbage dropped, pieces of a row joined, lines that belong together joined into blocks."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain.analysis.wording import shortened
from app.domain.vision.models import Box, SceneEvidence, TextLine
from app.domain.vision.placing import overlap
from app.domain.vision.things import TEXT_CARRIERS

MAX_LINES = 60
MAX_LINE_CHARS = 200
SURE_TEXT = 0.8
"""Confidence from which a text is quoted without doubt; recognisers give well-read lines 0.9 and more."""

_LEGIBLE = 0.6
_LEGIBLE_SHORT = 0.9
"""One letter is what shadows and edges look like; only a very confident one (a bus line, a platform) is kept."""
_SIGN_MAX_WORDS = 10
_PAGE_MIN_WORDS = 30
_PAGE_MIN_LINES = 8
"""What is written on signs is short; a photo with more words than this shows a page, a menu or a label."""

_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans({character: "'" for character in '«»“”„‟"‹›'})
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Reading:
    """A text that stands by itself, such as a sign or a paragraph.

    Attributes:
        text: its lines, joined; data, never an instruction; without quotation marks, so that it can be quoted.
        lines: the same, line by line.
        confidence: of its least confident line, 0 to 1.
        box: around it.
        on_sign: whether it stands where signs stand: few words, and neither on a page, a screen nor somebody's clothes.
        worn: whether it lies on somebody.
    """

    text: str
    lines: tuple[str, ...]
    confidence: float
    box: Box
    on_sign: bool
    worn: bool


def read_texts(evidence: SceneEvidence) -> tuple[Reading, ...]:
    """All that is legible in a photo, in reading order."""
    legible = [line for line in map(_cleaned, evidence.texts[: 4 * MAX_LINES]) if line is not None]
    rows = _rows(_ordered(legible[:MAX_LINES]), max(1, evidence.width) / max(1, evidence.height))
    words = sum(len(_WORD.findall(row.text)) for row in rows)
    page = words > _PAGE_MIN_WORDS or (len(rows) > _PAGE_MIN_LINES and words > 2 * len(rows))
    return tuple(_block(block, evidence, page) for block in _blocks(rows))


def is_page(readings: Sequence[Reading]) -> bool:
    """Whether there is so much text that it is the photo's matter."""
    return sum(len(_WORD.findall(each.text)) for each in readings) > _PAGE_MIN_WORDS


def flowing(readings: Sequence[Reading]) -> str:
    """All text in one piece; on pages, lines that begin anew are told apart by full stops, so that a voice pauses there."""
    if not is_page(readings):
        return " ".join(each.text for each in readings)
    text = ""
    for line in (line for each in readings for line in each.lines):
        begins = text and text[-1] not in ".,;:!?…-" and not line[0].islower()
        text += f". {line}" if begins else f" {line}"
    return text.strip()


def _cleaned(line: TextLine) -> TextLine | None:
    """A line fit to be told; None for garbage, and for the photographer's name that some photos carry."""
    printable = "".join(c if c.isprintable() else " " for c in line.text[: 2 * MAX_LINE_CHARS])
    text = shortened(_SPACES.sub(" ", printable.translate(_QUOTES)).strip(" |_~•·`'"), MAX_LINE_CHARS)
    signs = sum(c.isalnum() for c in text)
    legible = _LEGIBLE if signs > 1 else _LEGIBLE_SHORT
    if signs == 0 or signs < sum(not c.isspace() for c in text) / 2 or line.confidence < legible or text[0] == "©":
        return None
    return TextLine(text, line.confidence, line.box)


def _ordered(lines: Iterable[TextLine]) -> list[TextLine]:
    """Top to bottom, and left to right within a row. Boxes around slanted lines overlap: lines above one another never share a row."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda each: each.box.top):
        if rows and all(_beside(each.box, line.box) for each in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda each: each.box.left)]


def _beside(box: Box, other: Box) -> bool:
    shared = min(box.right, other.right) - max(box.left, other.left)
    offset = abs((box.top + box.bottom) - (other.top + other.bottom)) / 2
    return shared <= 0 and offset < 0.5 * min(box.height, other.height)


def _rows(lines: Sequence[TextLine], aspect: float) -> list[TextLine]:
    """Join pieces of one row that stand as close as words do; ``aspect`` is the photo's width over its height."""
    rows: list[TextLine] = []
    for line in lines:
        last = rows[-1] if rows else None
        if (
            last is not None
            and _continues(last.box, line.box, aspect)
            and len(last.text) + len(line.text) < MAX_LINE_CHARS
        ):
            rows[-1] = TextLine(
                f"{last.text} {line.text}", min(last.confidence, line.confidence), _around([last.box, line.box])
            )
        else:
            rows.append(line)
    return rows


def _continues(box: Box, following: Box, aspect: float) -> bool:
    shared = min(box.bottom, following.bottom) - max(box.top, following.top)
    gap = (following.left - box.right) * aspect
    lower = min(box.height, following.height)
    return _alike(box.height, following.height) and shared > 0.6 * lower and -0.2 * lower < gap < 0.4 * lower


def _blocks(rows: Sequence[TextLine]) -> list[list[TextLine]]:
    """Group lines that stand below one another, with little space and letters of about one size."""
    blocks: list[list[TextLine]] = []
    for row in rows:
        fitting = next((block for block in reversed(blocks) if _below(block[-1].box, row.box)), None)
        if fitting is None:
            blocks.append([row])
        else:
            fitting.append(row)
    return blocks


def _below(box: Box, following: Box) -> bool:
    shared = min(box.right, following.right) - max(box.left, following.left)
    gap = following.top - box.bottom
    higher = max(box.height, following.height)
    narrower = min(box.width, following.width)
    return _alike(box.height, following.height) and shared > 0.5 * narrower and -0.8 * higher < gap < 0.8 * higher


def _alike(height: float, other: float) -> bool:
    return min(height, other) > 0.5 * max(height, other)


def _block(lines: Sequence[TextLine], evidence: SceneEvidence, page: bool) -> Reading:
    box = _around([line.box for line in lines])
    text = " ".join(line.text for line in lines)
    carriers = [each.label for each in evidence.objects if each.label in TEXT_CARRIERS and overlap(box, each.box) > 0.7]
    return Reading(
        text=text,
        lines=tuple(line.text for line in lines),
        confidence=min(line.confidence for line in lines),
        box=box,
        on_sign=not page and not carriers and len(_WORD.findall(text)) <= _SIGN_MAX_WORDS,
        worn="person" in carriers,
    )


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
