"""Everything that the API can reach, built once by ``app/bootstrap``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.application.listening.listen import LiveListening
from app.application.listening.record import RecordingLimits
from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.end_session import EndSession
from app.application.sessions.erase_session import EraseSession
from app.application.sessions.feed import SessionFeed
from app.application.sessions.import_recording import ImportRecording
from app.application.sessions.live import LiveSessions
from app.application.sessions.missed_finals import MissedFinals
from app.application.sessions.open_session import OpenSession
from app.application.sessions.quota import AudioQuota
from app.application.sessions.read_session import ReadSession
from app.application.sessions.read_timeline import ReadTimeline
from app.application.sessions.rename_speakers import RenameSpeakers
from app.application.vision.describe_frame import DescribeFrame
from app.application.vision.photo_pace import PhotoPace
from app.application.warm_up import ModelInUse, WarmUp
from app.domain.audio.gateway import AudioCodec, AudioJournal
from app.domain.session.gateway import SearchIndex, SessionStore
from app.domain.vision.gateway import FrameStore, PhotoFiles

UploadFolder = Callable[[str], Path]
"""Where an owner's uploads lie while they are read in; made if it is missing. Blocking; raises ``OSError``."""


@dataclass(frozen=True)
class Container:
    """Ports and use cases of one running application."""

    sessions: SessionStore
    missed_finals: MissedFinals
    search: SearchIndex
    journal: AudioJournal
    codec: AudioCodec
    feed: SessionFeed
    live: LiveSessions
    quota: AudioQuota
    listening: LiveListening
    open_session: OpenSession
    end_session: EndSession
    analyze_again: AnalyzeAgain
    erase_session: EraseSession
    import_recording: ImportRecording
    read_session: ReadSession
    rename_speakers: RenameSpeakers
    recording_limits: RecordingLimits
    describe_frame: DescribeFrame
    photo_pace: PhotoPace
    frames: FrameStore
    photo_files: PhotoFiles
    read_timeline: ReadTimeline
    models: Mapping[str, ModelInUse]
    warm_up: WarmUp
    upload_folder: UploadFolder
    access_key_hash: str | None
