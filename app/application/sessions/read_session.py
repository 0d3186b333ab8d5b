"""What clients read of a session: transcript with speakers, gaps, analysis, each joined from the stores at that moment."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.analysis.models import ActionItem, AnalysedPhoto, Analysis, Claim, Findings
from app.domain.audio.gateway import AudioJournal
from app.domain.audio.models import JournalState, TimeSpan
from app.domain.diarization.alignment import name_speakers, transcript_lines
from app.domain.session.gateway import AnalysisStore, SessionStore, TranscriptStore
from app.domain.session.models import Session, SessionKey, SessionState, TranscriptLine

KEPT_GAPS = 64
"""Sessions whose gaps are remembered: finding them reads the whole journal."""
_LABEL = re.compile(r"\bS\d+\b")


@dataclass(frozen=True)
class Transcript:
    """A session's words, with names where speakers were named."""

    session: Session
    lines: tuple[TranscriptLine, ...]


@dataclass(frozen=True)
class SessionReport:
    """Everything that the analysis JSON holds; ``lines`` are the analysis's with names."""

    session: Session
    analysis: Analysis
    lines: tuple[TranscriptLine, ...]


class ReadSession:
    """Joins what the stores keep apart."""

    def __init__(
        self,
        sessions: SessionStore,
        transcripts: TranscriptStore,
        analyses: AnalysisStore,
        journal: AudioJournal,
    ) -> None:
        self._sessions = sessions
        self._transcripts = transcripts
        self._analyses = analyses
        self._journal = journal
        self._gaps: dict[SessionKey, tuple[JournalState, tuple[TimeSpan, ...]]] = {}

    async def session(self, key: SessionKey) -> Session:
        """The session, with the length of its audio at this moment.

        Raises:
            NotFound: there is no such session.
        """
        session = await self._sessions.get(key)
        if session.state is not SessionState.OPEN:
            return session
        # The row learns the length only when the connection ends.
        return replace(session, audio_s=(await self._journal.state(key)).audio_s)

    async def transcript(self, key: SessionKey) -> Transcript:
        """The transcript so far.

        Raises:
            NotFound: there is no such session.
        """
        session = await self.session(key)
        return Transcript(session, name_speakers(await self.lines(key), await self._transcripts.names(key)))

    async def lines(self, key: SessionKey) -> tuple[TranscriptLine, ...]:
        """The transcript so far, with labels for speakers."""
        segments = await self._transcripts.segments(key)
        turns = await self._transcripts.turns(key)
        # Hours of words take long enough to be felt by live sessions.
        return await asyncio.to_thread(transcript_lines, segments, turns)

    async def speakers(self, key: SessionKey) -> Mapping[str, str | None]:
        """Speaker labels with their names, in the order in which they are first heard."""
        names = await self._transcripts.names(key)
        turns = await self._transcripts.turns(key)
        return {turn.speaker: names.get(turn.speaker) for turn in turns}

    async def gaps(self, key: SessionKey) -> tuple[TimeSpan, ...]:
        """Stretches of the session that no audio covers; neighbours are joined."""
        state = await self._journal.state(key)
        known = self._gaps.get(key)
        if known is None or known[0] != state:
            known = self._gaps[key] = (state, await self._find_gaps(key))
            while len(self._gaps) > KEPT_GAPS:
                del self._gaps[next(iter(self._gaps))]
        return known[1]

    def forget(self, key: SessionKey) -> None:
        """The session was erased: keep nothing about it."""
        self._gaps.pop(key, None)

    async def report(self, key: SessionKey, version: int | None = None) -> SessionReport:
        """The newest, or the given, analysis with the transcript that it was made from.

        Raises:
            NotFound: no such session, or no such version.
        """
        session = await self.session(key)
        analysis = await self._analyses.get(key, version)
        names = await self._transcripts.names(key)
        return SessionReport(
            session=session,
            analysis=replace(
                analysis, findings=name_findings(analysis.findings, names, analysis.lines, analysis.photos)
            ),
            lines=name_speakers(analysis.lines, names),
        )

    async def _find_gaps(self, key: SessionKey) -> tuple[TimeSpan, ...]:
        gaps: list[TimeSpan] = []
        async for batch in self._journal.read(key):
            for stored in batch:
                if stored.chunk.gap:
                    _extend(gaps, TimeSpan(stored.start_s, stored.start_s + stored.chunk.duration_s))
        return tuple(gaps)


def name_findings(
    findings: Findings,
    names: Mapping[str, str],
    lines: Sequence[TranscriptLine],
    photos: Sequence[AnalysedPhoto] = (),
) -> Findings:
    """Put names in the place of speaker labels, in texts and owners; quotes stay verbatim.

    A label that somebody said, such as the storage called S3, or that stands on a sign in a photo, is a word and stays in texts.
    """
    if not names:
        return findings
    texts = [line.text for line in lines] + [text for photo in photos for text in (photo.description, *photo.risks)]
    spoken = {label for text in texts for label in _LABEL.findall(text)}

    def named(text: str) -> str:
        return _LABEL.sub(lambda match: match[0] if match[0] in spoken else names.get(match[0], match[0]), text)

    def claims(items: tuple[Claim, ...]) -> tuple[Claim, ...]:
        return tuple(replace(item, text=named(item.text)) for item in items)

    def action(item: ActionItem) -> ActionItem:
        return replace(
            item,
            title=named(item.title),
            description=named(item.description),
            steps=tuple(named(step) for step in item.steps),
            owner=None if item.owner is None else names.get(item.owner, item.owner),
        )

    return replace(
        findings,
        summary=named(findings.summary),
        decisions=claims(findings.decisions),
        open_questions=claims(findings.open_questions),
        risks=claims(findings.risks),
        action_items=tuple(action(item) for item in findings.action_items),
    )


def _extend(gaps: list[TimeSpan], gap: TimeSpan) -> None:
    # Start times are sums of floats: a microsecond is far below the length of any message.
    if gaps and gap.start - gaps[-1].end < 1e-6:
        gaps[-1] = TimeSpan(gaps[-1].start, gap.end)
    else:
        gaps.append(gap)
