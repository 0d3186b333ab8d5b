import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.application.sessions.feed import Failed, Finished, Progress
from app.domain.diarization.models import SpeakerTurn
from app.domain.errors import GatewayBusy, GatewayTimeout, GatewayUnavailable, NotFound, StorageError
from app.domain.session.models import SessionConfig, SessionState
from tests.finishing import KEY, SAID, Finishing, opened

pytestmark = pytest.mark.unit


@pytest.fixture
async def finishing(tmp_path: Path) -> AsyncIterator[Finishing]:
    async with opened(tmp_path / "sessions.db") as finishing:
        yield finishing


async def test_a_session_ends_finished_with_speakers_and_findings(finishing: Finishing) -> None:
    await finishing.add_session()
    told = await finishing.watched()
    analysis = await finishing.analyses.get(KEY)
    assert analysis.complete
    assert analysis.notes == ()
    assert [claim.text for claim in analysis.findings.decisions] == [segment.text for segment in SAID]
    assert {turn.speaker for turn in await finishing.transcripts.turns(KEY)} == {"S1", "S2"}
    assert analysis.models == {
        "transcriber": "dummy-transcriber",
        "diarizer": "dummy",
        "language_model": "test-model",
        "scene_describer": None,
    }
    assert set(analysis.timings_ms) == {"transcribe", "diarize", "describe", "analyze", "end_to_final"}
    assert analysis.timings_ms["end_to_final"] == 5000
    assert (await finishing.sessions.get(KEY)).state is SessionState.FINISHED
    assert await finishing.finals() == [1]
    stages = [message.stage for message in told if isinstance(message, Progress)]
    assert stages == ["diarizing", "diarizing", "analyzing", "analyzing"]
    assert told[-1] == Finished(1)


async def test_speakers_can_be_read_when_analyzing_begins(finishing: Finishing) -> None:
    await finishing.add_session()
    await finishing.run(until="analyze")
    assert len(await finishing.transcripts.turns(KEY)) == 2


async def test_the_analysis_is_told_what_is_known(finishing: Finishing) -> None:
    config = SessionConfig(summary_language="es", timezone="Europe/Madrid", started_at=7.0)
    await finishing.add_session(config)
    await finishing.transcripts.set_names(KEY, {"S1": "Marta"})
    await finishing.run()
    (context,) = finishing.contexts
    assert (context.language, context.summary_language, context.timezone) == ("en", "es", "Europe/Madrid")
    assert (context.started_at, context.names) == (7.0, {"S1": "Marta"})


async def test_diarization_can_be_switched_off(finishing: Finishing) -> None:
    await finishing.add_session(SessionConfig(diarize=False))
    await finishing.run()
    analysis = await finishing.analyses.get(KEY)
    assert finishing.diarizing.calls == 0
    assert (analysis.complete, analysis.models["diarizer"]) == (True, None)


@pytest.mark.parametrize(("audio_s", "note"), [(10.0, "No speech was found"), (0.0, "neither audio nor photos")])
async def test_silence_gives_an_empty_honest_result_without_a_model(
    finishing: Finishing, audio_s: float, note: str
) -> None:
    finishing.said = ()
    await finishing.add_session(audio_s=audio_s)
    await finishing.run()
    analysis = await finishing.analyses.get(KEY)
    assert (analysis.findings.summary, analysis.findings.decisions, analysis.complete) == ("", (), True)
    assert note in analysis.notes[0]
    assert finishing.diarizing.calls == finishing.analyzing.calls == 0
    assert (analysis.models["language_model"], analysis.models["diarizer"]) == (None, None)


async def test_what_was_recognised_before_recognition_failed_is_analysed(finishing: Finishing) -> None:
    finishing.said = (SAID[0], SAID[1])
    await finishing.add_session()
    await finishing.transcripts.add_segments(KEY, SAID[:1], heard_s=4.0, language="en")
    finishing.hearing.errors = [GatewayTimeout("the recogniser took longer than 60 s")]
    await finishing.run()
    analysis = await finishing.analyses.get(KEY)
    assert [claim.text for claim in analysis.findings.decisions] == [SAID[0].text]
    assert not analysis.complete
    assert analysis.notes == (
        "Not all of the recording could be transcribed: the recogniser took longer than 60 s."
        " Analyse the session again to retry.",
        "The transcript reaches 0:04 of 0:10.",
    )


async def test_a_transcript_without_speakers_is_analysed(finishing: Finishing) -> None:
    await finishing.add_session()
    finishing.diarizing.errors = [StorageError("the disk is full; make room")]
    await finishing.run()
    analysis = await finishing.analyses.get(KEY)
    assert len(analysis.findings.decisions) == 2
    assert (analysis.complete, analysis.notes[0][:42]) == (False, "Speakers could not be told apart: the disk")


async def test_a_failed_analysis_leaves_the_transcript_and_says_so(finishing: Finishing) -> None:
    await finishing.add_session()
    finishing.analyzing.errors = [ValueError("I will order it")]
    await finishing.run()
    analysis = await finishing.analyses.get(KEY)
    assert (analysis.findings.language, analysis.findings.decisions, analysis.complete) == ("en", (), False)
    assert "internal error (ValueError)" in analysis.notes[0]
    assert "order" not in analysis.notes[0]
    assert (await finishing.sessions.get(KEY)).state is SessionState.FINISHED
    assert (await finishing.stage("analyze")).error == "ValueError"


async def test_notes_are_in_the_language_of_the_analysis(finishing: Finishing) -> None:
    await finishing.add_session(SessionConfig(summary_language="es"))
    finishing.diarizing.errors = [RuntimeError()]
    await finishing.run()
    assert (await finishing.analyses.get(KEY)).notes == (
        "No se pudo distinguir a los hablantes: un error interno (RuntimeError); mira el registro del servidor."
        " Vuelve a analizar la sesión para reintentarlo.",
    )


async def test_a_busy_model_is_waited_for(finishing: Finishing) -> None:
    await finishing.add_session()
    finishing.analyzing.errors = [GatewayBusy("its queue is full"), GatewayBusy("its queue is full")]
    await finishing.run()
    assert (await finishing.analyses.get(KEY)).complete
    assert finishing.analyzing.calls == 3


async def test_a_model_that_stays_busy_is_given_up(finishing: Finishing) -> None:
    await finishing.add_session()
    await finishing.run(until="analyze")
    finishing.analyzing.errors = [GatewayBusy("its queue is full")] * 50
    await finishing.use_case(busy_patience_s=0.01).analyze(KEY)
    assert "its queue is full" in (await finishing.analyses.get(KEY)).notes[0]


async def test_another_analysis_is_another_version_and_repeats_no_stage(finishing: Finishing) -> None:
    await finishing.add_session()
    await finishing.run()
    finishing.now += 100
    told = await finishing.watched("analyze_session")
    assert told[-1] == Finished(2)
    assert (await finishing.analyses.get(KEY, 1)).timings_ms["end_to_final"] == 5000
    assert (await finishing.analyses.get(KEY, 2)).timings_ms["end_to_final"] == 0
    assert finishing.diarizing.calls == 1
    assert await finishing.finals() == [1, 2]


async def test_a_label_of_an_older_version_is_given_to_nobody_else(finishing: Finishing) -> None:
    await finishing.add_session()
    await finishing.run()
    first = await finishing.analyses.get(KEY)
    assert {line.speaker for line in first.lines} == {"S1", "S2"}
    # The second speaker was not found any more; now there are two again, and the second one is somebody else.
    await finishing.transcripts.set_turns(KEY, [SpeakerTurn(0.4, 4.1, "S1")])
    await finishing.run()
    assert {turn.speaker for turn in await finishing.transcripts.turns(KEY)} == {"S1", "S3"}


async def test_another_analysis_repeats_what_failed(finishing: Finishing) -> None:
    await finishing.add_session()
    finishing.hearing.errors = [GatewayUnavailable("the model is not installed: run models pull")]
    await finishing.run()
    assert finishing.diarizing.calls == 0
    await finishing.run("analyze_session")
    analysis = await finishing.analyses.get(KEY)
    assert (analysis.version, analysis.complete, len(analysis.findings.decisions)) == (2, True, 2)
    assert finishing.diarizing.calls == 1


async def test_an_interruption_anywhere_makes_one_version_and_one_event(finishing: Finishing) -> None:
    await finishing.add_session()
    for until in ("transcribe", "diarize", "analyze", "publish"):
        await finishing.run(until=until)
        await finishing.use_case().jobs()["finish_session"].steps[0].run(KEY)
    assert (await finishing.analyses.get(KEY)).version == 1
    assert finishing.analyzing.calls == 1
    await finishing.run(since="publish")
    await finishing.run(since="publish")
    assert await finishing.finals() == [1]
    await finishing.run()
    assert (await finishing.analyses.get(KEY)).version == 2


async def test_a_stage_that_ends_the_process_again_and_again_is_given_up(finishing: Finishing) -> None:
    await finishing.add_session()
    await finishing.run(until="diarize")
    await finishing.stopped_in("diarize", 2)
    finishing.diarizing.errors = [asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await finishing.run(since="diarize")
    assert (await finishing.stage("diarize")).details == {"starts": 2}, "closing the server is not the stage's fault"
    await finishing.stopped_in("diarize", 3)
    await finishing.run(since="diarize")
    analysis = await finishing.analyses.get(KEY)
    assert (analysis.complete, len(analysis.findings.decisions)) == (False, 2)
    assert "the server stopped 3 times" in analysis.notes[0]
    assert finishing.diarizing.calls == 1


async def test_whoever_waits_hears_when_nothing_can_be_stored(finishing: Finishing) -> None:
    with finishing.feed.subscribe(KEY) as queue:
        finishing.use_case().jobs()["finish_session"].on_failed(KEY)
        assert isinstance(queue.get_nowait(), Failed)


async def test_an_erased_session_ends_the_job(finishing: Finishing) -> None:
    await finishing.add_session()
    await finishing.run(until="analyze")
    await finishing.sessions.delete(KEY)
    for name in ("transcribe", "diarize", "analyze", "publish"):
        with pytest.raises(NotFound):
            await finishing.run(since=name)
