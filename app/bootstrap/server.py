"""One running server: its stores, models, jobs and use cases."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from app.api.dependencies import is_loopback
from app.application.analysis.analyze_transcript import AnalyzeTranscript
from app.application.container import Container
from app.application.listening.hearing_ports import HearingPorts
from app.application.listening.listen import LiveListening
from app.application.listening.record import RecordingLimits
from app.application.sessions.analyze_again import AnalyzeAgain
from app.application.sessions.end_session import EndSession
from app.application.sessions.erase_session import EraseSession
from app.application.sessions.feed import Progress, SessionFeed
from app.application.sessions.finish_session import FinishingPorts, FinishSession
from app.application.sessions.hear_late_audio import HearLateAudio
from app.application.sessions.import_recording import ImportRecording
from app.application.sessions.live import LiveSessions
from app.application.sessions.missed_finals import MissedFinals
from app.application.sessions.observed_transcript_store import ObservedTranscriptStore
from app.application.sessions.open_session import OpenSession
from app.application.sessions.publish_analysis import AnalysisRuns
from app.application.sessions.quota import AudioQuota
from app.application.sessions.read_session import ReadSession
from app.application.sessions.read_timeline import ReadTimeline
from app.application.sessions.rename_speakers import RenameSpeakers
from app.application.sessions.resume_window import ResumeWindow
from app.application.sessions.retention import Retention
from app.application.sessions.stages import Stages
from app.application.sessions.work_ahead import WorkAhead
from app.application.vision.look_at_frames import LookAtFrames
from app.application.vision.session_photos import SessionPhotos
from app.application.vision.tell_alerts import TellAlerts
from app.application.warm_up import WarmUp
from app.bootstrap.photos import join_photos
from app.composition.choice import check_models
from app.composition.models import Models, build_models, listening_options
from app.composition.photos import build_photo_decoder
from app.composition.stores import Stores, open_stores
from app.domain.session.gateway import JobRunner
from app.domain.session.jobs import Jobs
from app.domain.session.models import SessionKey
from app.domain.vision.alerts import read_warnings
from app.infrastructure.access_key import AccessKeyFile
from app.infrastructure.audio.session_renderer import SessionRenderer
from app.infrastructure.jobs.dbos_job_runner import DbosJobRunner
from app.infrastructure.jobs.inline_job_runner import InlineJobRunner
from app.infrastructure.pairing import print_access_key
from app.infrastructure.runtime.data_lock import lock_data_dir
from app.infrastructure.runtime.garbage import leave_alone_what_stays
from app.settings import Settings

JOBS_FILE = "jobs.db"
MAX_SESSION_JOBS = 2
"""Sessions that are worked on at once after their end; the models' own queues decide what runs when."""


@contextlib.asynccontextmanager
async def build_container(
    settings: Settings, announce_key: Callable[[str, str, int], None] = print_access_key
) -> AsyncIterator[Container]:
    """Build everything that a running application needs, and close it in reverse order afterwards.

    Args:
        settings: all of them.
        announce_key: shows an access key that was made just now, with host and port; it is never shown again.

    Raises:
        ConfigurationError: as for ``check_models``, or the data folder cannot be used.
    """
    await asyncio.to_thread(check_models, settings)
    await asyncio.to_thread(read_warnings)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(await asyncio.to_thread(lock_data_dir, settings.data_dir))
        key_hash = await asyncio.to_thread(_access_key_hash, settings, announce_key)
        stores = await stack.enter_async_context(open_stores(settings.data_dir, settings.sessions_db))
        models = await asyncio.to_thread(build_models, settings)
        stack.push_async_callback(asyncio.to_thread, models.close)
        yield await _compose(settings, stores, models, key_hash, stack)


def _access_key_hash(settings: Settings, announce: Callable[[str, str, int], None]) -> str | None:
    """The hash of the key that clients must show; None if only this machine can reach the server."""
    if is_loopback(settings.server.host):
        return None
    key_hash, made = AccessKeyFile(settings.data_dir).load_or_make()
    if made is not None:
        announce(made, settings.server.host, settings.server.port)
    return key_hash


async def _compose(
    settings: Settings, stores: Stores, models: Models, key_hash: str | None, stack: contextlib.AsyncExitStack
) -> Container:
    feed = SessionFeed()
    analyzer = AnalyzeTranscript(models.language_model)
    work_ahead = WorkAhead(analyzer)
    alerts = TellAlerts(feed, cool_down_s=settings.vision.alert_cooldown_s)
    stack.push_async_callback(_cancel, asyncio.create_task(work_ahead.run()))
    ports = HearingPorts(
        journal=stores.journal,
        codec=stores.codec,
        sessions=stores.sessions,
        transcripts=ObservedTranscriptStore(stores.transcripts, work_ahead, alerts),
        events=stores.events,
        feed=feed,
        vad=models.vad,
        transcriber=models.transcriber,
    )
    listening = LiveListening(ports, listening_options(settings))
    stack.push_async_callback(listening.close)
    read_session = ReadSession(stores.sessions, stores.transcripts, stores.analyses, stores.journal)
    late_audio = HearLateAudio(listening, ports, listening_options(settings), read_session.gaps)
    decoder = build_photo_decoder(settings)
    stack.push_async_callback(decoder.close)
    look = LookAtFrames(stores.frames, stores.photo_files, decoder, models.scene_describer)
    jobs = await _start_jobs(settings, _jobs(stores, models, analyzer, feed, late_audio, read_session, look), stack)
    live = LiveSessions(settings.sessions.max_live, settings.sessions.reconnect_grace_s)
    quota = AudioQuota(settings.sessions.quota_bytes, stores.journal)
    open_session = OpenSession(stores.sessions, stores.journal, stores.events)
    end_session = EndSession(stores.sessions, stores.journal, stores.events, jobs)
    analyze_again = AnalyzeAgain(stores.sessions, jobs, feed)
    photos = join_photos(
        settings,
        stores,
        models,
        decoder,
        look,
        feed=feed,
        alerts=alerts,
        open_session=open_session,
        analyze_again=analyze_again,
        quota=quota,
    )
    stack.push_async_callback(_cancel, asyncio.create_task(photos.waiting.run()))
    erase_session = EraseSession(
        stores.sessions,
        stores.journal,
        jobs,
        listening,
        live,
        stores.photo_files,
        (feed, work_ahead, read_session, alerts, photos.pace, models.scene_describer),
    )
    in_use = models.in_use()
    # Dummies come and go with tests, whose garbage should not stay.
    warm_up = WarmUp(in_use) if settings.profile == "dummy" else WarmUp(in_use, leave_alone_what_stays)
    stack.push_async_callback(warm_up.close)
    await _watch_sessions(settings, stores, jobs, live, end_session, erase_session, stack)
    return Container(
        sessions=stores.sessions,
        missed_finals=MissedFinals(stores.events, read_session, unsure_s=2 * settings.audio.idle_timeout_s),
        search=stores.search,
        journal=stores.journal,
        codec=stores.codec,
        feed=feed,
        live=live,
        quota=quota,
        listening=listening,
        open_session=open_session,
        end_session=end_session,
        analyze_again=analyze_again,
        erase_session=erase_session,
        import_recording=ImportRecording(
            read_session,
            open_session,
            end_session,
            analyze_again,
            late_audio,
            sessions=stores.sessions,
            journal=stores.journal,
            events=stores.events,
            codec=stores.codec,
            live=live,
            quota=quota,
            max_session_s=settings.audio.max_session_s,
        ),
        read_session=read_session,
        rename_speakers=RenameSpeakers(stores.sessions, stores.transcripts, stores.events),
        recording_limits=_recording_limits(settings),
        describe_frame=photos.describe_frame,
        photo_pace=photos.pace,
        frames=stores.frames,
        photo_files=stores.photo_files,
        read_timeline=ReadTimeline(read_session, SessionPhotos(stores.frames)),
        models=in_use,
        warm_up=warm_up,
        upload_folder=stores.uploads.folder,
        access_key_hash=key_hash,
    )


def _jobs(
    stores: Stores,
    models: Models,
    analyzer: AnalyzeTranscript,
    feed: SessionFeed,
    hearing: HearLateAudio,
    read_session: ReadSession,
    look: LookAtFrames,
) -> Jobs:
    ports = FinishingPorts(
        sessions=stores.sessions,
        transcripts=stores.transcripts,
        read_session=read_session,
        analyses=stores.analyses,
        feed=feed,
        hearing=hearing,
        render_audio=SessionRenderer(stores.journal, stores.codec, stores.files),
        transcriber=models.transcriber,
        diarizer=models.diarizer,
        analyzer=analyzer,
        photos=look,
        session_photos=SessionPhotos(stores.frames),
    )
    runs = AnalysisRuns(stores.sessions, stores.analyses, stores.events, feed)
    jobs = FinishSession(ports, Stages(stores.analyses), runs).jobs()
    # Whoever asks between two runs must not take the first one's analysis for the last.
    return {name: replace(job, on_again=_beginning(feed)) for name, job in jobs.items()}


def _beginning(feed: SessionFeed) -> Callable[[SessionKey], None]:
    return lambda key: feed.publish(key, Progress("transcribing", 0.0))


async def _start_jobs(
    settings: Settings, jobs: Jobs, stack: contextlib.AsyncExitStack
) -> DbosJobRunner | InlineJobRunner:
    runner: DbosJobRunner | InlineJobRunner
    if settings.profile == "dummy":
        runner = InlineJobRunner(jobs, concurrency=MAX_SESSION_JOBS)
    else:
        runner = DbosJobRunner(settings.data_dir / JOBS_FILE, jobs, concurrency=MAX_SESSION_JOBS)
    await runner.start()
    stack.push_async_callback(runner.close)
    return runner


async def _watch_sessions(
    settings: Settings,
    stores: Stores,
    jobs: JobRunner,
    live: LiveSessions,
    end_session: EndSession,
    erase_session: EraseSession,
    stack: contextlib.AsyncExitStack,
) -> None:
    window = ResumeWindow(
        stores.sessions,
        stores.journal,
        stores.events,
        jobs,
        live,
        end_session,
        erase_session,
        window_s=settings.sessions.resume_window_s,
    )
    await window.take_over()
    retention = Retention(stores.sessions, live, erase_session, ttl_s=settings.sessions.ttl_s)
    for watch in (window.watch(), retention.watch()):
        stack.push_async_callback(_cancel, asyncio.create_task(watch))


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _recording_limits(settings: Settings) -> RecordingLimits:
    audio = settings.audio
    return RecordingLimits(
        commit_interval_s=audio.commit_interval_ms / 1000,
        max_session_s=audio.max_session_s,
        max_gap_s=audio.max_gap_s,
        max_backlog_s=audio.max_backlog_s,
        max_ingest_factor=audio.max_ingest_factor,
    )
