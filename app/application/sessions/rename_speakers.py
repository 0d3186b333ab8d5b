"""Speakers get names."""

import unicodedata
from collections.abc import Mapping

from app.domain.errors import InvalidInput
from app.domain.session.gateway import EventLog, SessionStore, TranscriptStore
from app.domain.session.models import SessionKey

MAX_NAME_CHARACTERS = 100
_JOINERS = "\u200c\u200d"
"""Names need them: Persian and Indic spelling, emoji of several signs (Unicode Standard, section 23.2)."""


class RenameSpeakers:
    """Names a session's speakers; everything read afterwards shows the names."""

    def __init__(self, sessions: SessionStore, transcripts: TranscriptStore, events: EventLog) -> None:
        self._sessions = sessions
        self._transcripts = transcripts
        self._events = events

    async def __call__(self, key: SessionKey, names: Mapping[str, str | None]) -> None:
        """Name speakers by label; None or an empty name gives the label back.

        Raises:
            NotFound: there is no such session.
            InvalidInput: no speaker has that label, or a name is too long or not printable.
        """
        await self._sessions.get(key)
        labels = {turn.speaker for turn in await self._transcripts.turns(key)}
        for label, name in names.items():
            if label not in labels:
                known = ", ".join(sorted(labels)) or "none yet"
                raise InvalidInput(f"no such speaker; there are: {known}", code="unknown_speaker", param=label[:64])
            _check(label, name or "")
        await self._transcripts.set_names(key, {label: (name or "").strip() for label, name in names.items()})
        await self._events.append(key, "speakers", {"labels": sorted(names)})


def _check(label: str, name: str) -> None:
    joined = [character for character in name if character not in _JOINERS]
    unprintable = any(unicodedata.category(character)[0] == "C" for character in joined)
    only_joiners = len(joined) < len(name) and not "".join(joined).strip()
    if len(name) > MAX_NAME_CHARACTERS or unprintable or only_joiners:
        raise InvalidInput(
            f"a name has {MAX_NAME_CHARACTERS} printable characters at most", code="invalid_name", param=label
        )
