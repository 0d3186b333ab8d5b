"""Sessions that a server left behind are finished by the next one, with durable jobs and models without weights."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from app.application.container import Container
from app.bootstrap import build_container
from app.domain.audio.models import AudioChunk, AudioFormat
from app.domain.audio.pcm import to_pcm16
from app.domain.session.models import SessionConfig, SessionKey, SessionState
from app.infrastructure.sqlite.database import SqliteDatabase
from app.infrastructure.sqlite.events import SqliteEventLog
from app.infrastructure.transcription.dummy import tones
from app.settings import ModelSettings, SessionSettings, Settings

pytestmark = pytest.mark.slow

WINDOW_S = 0.2


def server(data_dir: Path) -> AbstractAsyncContextManager[Container]:
    """With the cpu profile's job runner, and dummy models."""
    models = ModelSettings(transcriber="dummy", vad="dummy", diarizer="dummy", language_model="dummy")
    sessions = SessionSettings(resume_window_s=WINDOW_S)
    return build_container(Settings(profile="cpu", data_dir=data_dir, models=models, sessions=sessions))


async def record(container: Container, session_id: str) -> SessionKey:
    opened = await container.open_session.attach("local", session_id, None, SessionConfig(), ())
    key = opened.session.key
    speech = tones(range(1, 9))
    await container.journal.append(key, [AudioChunk(1, AudioFormat(), to_pcm16(speech), speech.size / 16_000)])
    return key


async def finished(container: Container, key: SessionKey) -> None:
    while (await container.sessions.get(key)).state is not SessionState.FINISHED:  # noqa: ASYNC110 a client would poll too
        await asyncio.sleep(0.05)


async def test_live_interrupted_and_ended_sessions_are_finished_after_a_restart(tmp_path: Path) -> None:
    async with server(tmp_path) as first:
        keys = [await record(first, name) for name in ("live", "interrupted", "ended")]
        await first.end_session.interrupt(keys[1])
        await first.end_session.end(keys[2])
    async with server(tmp_path) as second:
        for key in keys:
            await asyncio.wait_for(finished(second, key), 30)
            report = await second.read_session.report(key)
            assert " ".join(line.text for line in report.lines) == "w1 w2 w3 w4 w5 w6 w7 w8"
            assert (report.analysis.version, report.analysis.complete) == (1, True)
    async with server(tmp_path) as third:
        await asyncio.sleep(2 * WINDOW_S)
        reports = [await third.read_session.report(key) for key in keys]
        assert [report.analysis.version for report in reports] == [1, 1, 1]
    database = await SqliteDatabase.open(tmp_path / "sessions.db")
    for key in keys:
        kinds = [event.kind for event in await SqliteEventLog(database).read(key)]
        assert kinds.count("final_result") == 1
    await database.close()
