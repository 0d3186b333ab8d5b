"""A transcript as text, subtitles or Markdown. Pure functions of its lines."""

from collections.abc import Callable, Mapping, Sequence

from app.domain.session.models import TranscriptLine


def to_text(lines: Sequence[TranscriptLine]) -> str:
    """One line a speaker's turn: ``Marta: …``."""
    return "".join(f"{_prefix(line)}{_flat(line.text)}\n" for line in merge_turns(lines))


def to_markdown(lines: Sequence[TranscriptLine]) -> str:
    """One paragraph a speaker's turn, with its time."""
    return "".join(
        f"**{_escaped(line.speaker or 'Unknown')}** _{_clock(line.start)}_  \n{_escaped(_flat(line.text))}\n\n"
        for line in merge_turns(lines)
    )


def to_srt(lines: Sequence[TranscriptLine]) -> str:
    """SubRip subtitles."""
    return "".join(
        f"{number}\n{_stamp(line.start, ',')} --> {_stamp(line.end, ',')}\n{_srt_text(line)}\n\n"
        for number, line in enumerate(lines, start=1)
    )


def to_vtt(lines: Sequence[TranscriptLine]) -> str:
    """WebVTT subtitles (https://www.w3.org/TR/webvtt1/), speakers as voice spans."""
    cues = (
        f"{line.segment_id}\n{_stamp(line.start, '.')} --> {_stamp(line.end, '.')}\n{_voice(line)}{_cue(line.text)}\n\n"
        for line in lines
    )
    return "WEBVTT\n\n" + "".join(cues)


EXPORTS: Mapping[str, tuple[Callable[[Sequence[TranscriptLine]], str], str]] = {
    "txt": (to_text, "text/plain"),
    "srt": (to_srt, "application/x-subrip"),
    "vtt": (to_vtt, "text/vtt"),
    "md": (to_markdown, "text/markdown"),
}
"""Function and media type by format name."""


def merge_turns(lines: Sequence[TranscriptLine]) -> list[TranscriptLine]:
    """Neighbouring lines of one speaker as one."""
    merged: list[TranscriptLine] = []
    for line in lines:
        if merged and line.speaker is not None and merged[-1].speaker == line.speaker:
            before = merged[-1]
            text = f"{before.text} {line.text}"
            merged[-1] = TranscriptLine(before.segment_id, before.speaker, before.start, line.end, text)
        else:
            merged.append(line)
    return merged


def _srt_text(line: TranscriptLine) -> str:
    """Players take an arrow for the line of times, and SubRip knows no escapes."""
    return f"{_prefix(line)}{_flat(line.text)}".replace("-->", "→")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _prefix(line: TranscriptLine) -> str:
    return f"{_flat(line.speaker)}: " if line.speaker else ""


def _voice(line: TranscriptLine) -> str:
    return f"<v {_cue(line.speaker)}>" if line.speaker else ""


def _cue(text: str) -> str:
    """``text`` where markup would be read as such; an arrow would end the cue."""
    return _flat(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped(text: str) -> str:
    """``text`` with Markdown's own characters made literal (CommonMark, section 2.4)."""
    return "".join(f"\\{character}" if character in "\\`*_[]<>#|~" else character for character in text)


def _stamp(seconds: float, decimal: str) -> str:
    milliseconds = round(seconds * 1000)
    rest, milliseconds = divmod(milliseconds, 1000)
    return f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}{decimal}{milliseconds:03}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
