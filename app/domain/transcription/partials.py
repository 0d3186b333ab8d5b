"""Makes the recognition of unfinished speech fit to be shown."""

LONGEST_LOOP_WORDS = 8
LOOP_REPETITIONS = 3


def presentable(text: str, *, unfinished: bool) -> str:
    """A partial result without what a model adds when speech stops in mid-sentence.

    Args:
        text: as recognised.
        unfinished: whether more speech follows; then dots and dashes at the end mean nothing.
    """
    words = without_loop(text.split())
    shown = " ".join(words)
    return shown.rstrip(".…-– ") if unfinished else shown


def without_loop(words: list[str]) -> list[str]:
    """Cut a phrase that the text's end repeats three or more times to one (a model's loop; people say "no, no")."""
    for length in range(1, min(LONGEST_LOOP_WORDS, len(words) // LOOP_REPETITIONS) + 1):
        phrase = _folded(words[-length:])
        count = 1
        while _folded(words[-(count + 1) * length : -count * length]) == phrase:
            count += 1
        if count >= LOOP_REPETITIONS:
            return words[: len(words) - (count - 1) * length]
    return words


def joined(texts: list[str], *, most: int = 1000) -> str:
    """Texts as one, its beginning left out at a word if it is longer than ``most`` characters."""
    text = " ".join(part for part in texts if part)
    if len(text) <= most:
        return text
    kept = text[-most + 2 :]
    return f"… {kept.split(' ', 1)[-1]}"[:most]


def _folded(words: list[str]) -> list[str]:
    return [word.casefold().strip(".,;:!?¡¿…") for word in words]
