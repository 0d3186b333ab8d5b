"""What can be read in a photo, quoted: text in photos is data, and stands between quotation marks wherever it is told."""

from collections.abc import Sequence

from app.domain.analysis.wording import shortened
from app.domain.vision.reading import SURE_TEXT, Reading, flowing, is_page
from app.domain.vision.wording.lexicon import Lexicon

MAX_READ_CHARS = 700
"""Of a text that the wearer asked for: about a minute of speech."""
_MAX_QUOTED_CHARS = 240
_MAX_QUOTES = 4
_MAX_QUOTE_CHARS = 120
_PAGE_CHARS = 200


def text_sentence(readings: Sequence[Reading], lexicon: Lexicon) -> str:
    """What can be read, quoted and bounded; empty if nothing can."""
    sure = [each for each in readings if each.confidence >= SURE_TEXT]
    told = sure or list(readings)
    if not told:
        return ""
    if is_page(told):
        start = shortened(flowing(told), _PAGE_CHARS).replace(".…", "…")
        return lexicon.say("sentences", "page", quotes=lexicon.quoted(start))
    largest = sorted(told, key=lambda each: -each.box.height / len(each.lines))[:_MAX_QUOTES]
    chosen = [each for each in told if each in largest]
    quotes = list(dict.fromkeys(lexicon.quoted(shortened(each.text, _MAX_QUOTE_CHARS)) for each in chosen))
    while len(quotes) > 1 and sum(map(len, quotes)) > _MAX_QUOTED_CHARS:
        quotes.pop()
    left_out = len(quotes) < len({each.text for each in told})
    key = "reads_unsure" if not sure else "reads_more" if left_out else "reads"
    return lexicon.say("sentences", key, quotes=lexicon.listed(quotes))


def all_text(readings: Sequence[Reading], lexicon: Lexicon) -> str:
    """The answer to a wearer who wants to know what is written."""
    if not readings:
        return lexicon.say("answers", "read_nothing")
    text = shortened(flowing(readings), MAX_READ_CHARS).replace(".…", "…")
    sure = all(each.confidence >= SURE_TEXT for each in readings)
    return lexicon.say("answers", "read" if sure else "read_unsure", quotes=lexicon.quoted(text))
