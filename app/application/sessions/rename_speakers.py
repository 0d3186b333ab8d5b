"""Speakers get names."""

import unicodedata
from collections.abc import Mapping

from app.domain.errors import InvalidInput
from app.domain.session.gateway import EventLog, SessionStore, TranscriptStore
from app.domain.session.models import SessionKey

MAX_NAME_CHARACTERS = 100


class RenameSpeakers:
    """Names a session's speakers; everything read afterwards shows the names."""

    def __init__(self, sessions: SessionStore, transcripts: TranscriptStore, events: EventLog) -> None:
        self._sessions = sessions
        self._transcripts = transcripts
        self._events = events

    async def __call__(self, key: SessionKey, names: Mapping[str, str]) -> None:
        """Name speakers by label; an empty name gives the label back.

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
            _check(label, name)
        await self._transcripts.set_names(key, {label: name.strip() for label, name in names.items()})
        await self._events.append(key, "speakers", {"labels": sorted(names)})


def _check(label: str, name: str) -> None:
    if len(name) > MAX_NAME_CHARACTERS or any(unicodedata.category(character)[0] == "C" for character in name):
        raise InvalidInput(
            f"a name has {MAX_NAME_CHARACTERS} printable characters at most", code="invalid_name", param=label
        )
