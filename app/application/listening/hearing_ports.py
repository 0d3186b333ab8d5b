"""What listening needs from outside."""

from dataclasses import dataclass

from app.application.sessions.feed import SessionFeed
from app.domain.audio.gateway import AudioCodec, AudioJournal
from app.domain.session.gateway import EventLog, SessionStore, TranscriptStore
from app.domain.transcription.gateway import Transcriber
from app.domain.vad.gateway import VoiceActivityDetector


@dataclass(frozen=True)
class HearingPorts:
    """Ports, and the feed where results are shown."""

    journal: AudioJournal
    codec: AudioCodec
    sessions: SessionStore
    transcripts: TranscriptStore
    events: EventLog
    feed: SessionFeed
    vad: VoiceActivityDetector
    transcriber: Transcriber
