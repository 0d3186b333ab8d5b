"""What every set of stores must do."""

import asyncio
import dataclasses
from dataclasses import dataclass

import pytest

from app.domain.analysis.models import ActionItem, AnalysedPhoto, Analysis, Claim, Evidence, Findings
from app.domain.audio.models import TimeSpan
from app.domain.diarization.models import SpeakerTurn
from app.domain.errors import Conflict, NotFound
from app.domain.session.gateway import AnalysisStore, EventLog, SearchIndex, SessionStore, TranscriptStore
from app.domain.session.models import (
    Segment,
    Session,
    SessionConfig,
    SessionKey,
    SessionKind,
    SessionState,
    StageResult,
    TranscriptLine,
)
from app.domain.transcription.models import Word

KEY = SessionKey("ana", "first")
OTHER_OWNER = SessionKey("bea", "first")


@dataclass(frozen=True)
class Stores:
    """One adapter of each port, over the same data."""

    sessions: SessionStore
    transcripts: TranscriptStore
    analyses: AnalysisStore
    events: EventLog
    search: SearchIndex


def session(
    key: SessionKey = KEY, created_at: float = 1000.0, state: SessionState = SessionState.OPEN, audio_s: float = 0.0
) -> Session:
    config = SessionConfig(vocabulary=("Zoë",), timezone="Europe/Madrid", started_at=999.5, speakers=2)
    return Session(key, SessionKind.RECORDING, state, config, "ab" * 32, created_at, audio_s=audio_s)


def segment(number: int, text: str = "hola", start: float | None = None) -> Segment:
    begin = float(number) if start is None else start
    return Segment(f"s{number}", begin, begin + 1, text, (Word(begin, begin + 0.5, " hola", 0.75),))


def analysis(summary: str = "Se tomó una decisión.") -> Analysis:
    evidence = (Evidence(segment_id="s1", quote="hola"),)
    item = ActionItem("Call", "Call Marta.", ("dial", "talk"), "S1", "2026-01-02", "tomorrow", evidence)
    claim, risk = Claim("We do it.", evidence), Claim("Wet floor", (Evidence(frame_id="f1"), *evidence))
    findings = Findings("es", summary, (claim,), (claim,), (item,), (risk,))
    lines = (TranscriptLine("s1", "S1", 0.0, 1.5, "hola"), TranscriptLine("s2", None, 1.5, 2.0, "sí"))
    models, gaps = {"transcriber": "x", "diarizer": None}, (TimeSpan(2.0, 4.5),)
    photos = (AnalysedPhoto("f1", 1001.5, 2.0, "A puddle.", ("Wet floor",)), AnalysedPhoto("f2", 1002.0, 2.5, ""))
    return Analysis(findings, lines, gaps, models, {"analyze": 12}, False, ("no speakers",), photos=photos)


class SessionStoreContract:
    async def test_round_trip(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        assert await stores.sessions.get(KEY) == session()

    async def test_id_is_unique_per_owner(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.sessions.create(session(OTHER_OWNER))
        with pytest.raises(Conflict):
            await stores.sessions.create(session(created_at=2000.0))
        assert (await stores.sessions.get(KEY)).created_at == 1000.0

    async def test_another_owners_session_is_not_found(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        for attempt in (stores.sessions.get(OTHER_OWNER), stores.sessions.delete(OTHER_OWNER)):
            with pytest.raises(NotFound):
                await attempt
        assert await stores.sessions.list("bea") == []

    async def test_save_replaces(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        changed = dataclasses.replace(
            session(), state=SessionState.INTERRUPTED, audio_s=3.5, interrupted_at=5.0, token_hash="cd" * 32
        )
        await stores.sessions.save(changed)
        assert await stores.sessions.get(KEY) == changed
        resumed = dataclasses.replace(changed, state=SessionState.OPEN, interrupted_at=None)
        await stores.sessions.save(resumed)
        assert await stores.sessions.get(KEY) == resumed

    async def test_save_of_a_deleted_session(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            await stores.sessions.save(session())

    async def test_a_stale_save_takes_nothing_back(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.transcripts.add_segments(KEY, [segment(1)], heard_s=2.0, language="es")
        await stores.sessions.save(session(audio_s=4.0))
        stored = await stores.sessions.get(KEY)
        assert (stored.heard_s, stored.audio_s, stored.language) == (2.0, 4.0, "es")

    async def test_list_is_newest_first_and_paged(self, stores: Stores) -> None:
        for number in range(5):
            await stores.sessions.create(session(SessionKey("ana", f"n{number}"), created_at=float(number)))
        await stores.sessions.create(session(OTHER_OWNER, created_at=2.5))
        first = await stores.sessions.list("ana", limit=2)
        rest = await stores.sessions.list("ana", before=first[-1].created_at)
        assert [found.key.session_id for found in (*first, *rest)] == ["n4", "n3", "n2", "n1", "n0"]
        assert len(await stores.sessions.list(None)) == 6

    async def test_pages_lose_no_sessions_created_at_the_same_moment(self, stores: Stores) -> None:
        keys = [SessionKey(owner, f"n{number}") for owner in ("ana", "bea") for number in range(5)]
        for key in keys:
            await stores.sessions.create(session(key, created_at=1 / 3))
        for owner, expected in (("ana", keys[:5]), (None, keys)):
            listed = list(await stores.sessions.list(owner, limit=2))
            while page := await stores.sessions.list(
                owner, before=listed[-1].created_at, before_key=listed[-1].key, limit=2
            ):
                listed.extend(page)
            assert [one.key for one in listed] == expected

    async def test_list_by_state(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.sessions.create(session(OTHER_OWNER, state=SessionState.PROCESSING))
        found = await stores.sessions.list(None, states=[SessionState.PROCESSING, SessionState.FINISHED])
        assert [one.key for one in found] == [OTHER_OWNER]

    async def test_delete_erases_everything(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.transcripts.add_segments(KEY, [segment(1)], heard_s=2.0, language="es")
        await stores.transcripts.set_turns(KEY, [SpeakerTurn(0, 1, "S1")])
        await stores.transcripts.set_names(KEY, {"S1": "Marta"})
        await stores.analyses.add(KEY, analysis())
        await stores.analyses.set_stage(KEY, StageResult("analyze", 1))
        await stores.events.append(KEY, "progress", {"fraction": 1})
        await stores.sessions.delete(KEY)
        await stores.sessions.create(session())
        assert await stores.transcripts.segments(KEY) == []
        assert await stores.transcripts.turns(KEY) == []
        assert await stores.transcripts.names(KEY) == {}
        assert await stores.analyses.stages(KEY) == {}
        assert await stores.events.read(KEY) == []
        assert await stores.search.search("ana", "hola") == []
        with pytest.raises(NotFound):
            await stores.analyses.get(KEY)


class TranscriptStoreContract:
    async def test_segments_and_heard_move_together(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.transcripts.add_segments(KEY, [segment(1), segment(2)], heard_s=3.25, language="es")
        await stores.transcripts.add_segments(KEY, [], heard_s=5.0, language=None)
        stored = await stores.sessions.get(KEY)
        assert (stored.heard_s, stored.language) == (5.0, "es")
        assert await stores.transcripts.segments(KEY) == [segment(1), segment(2)]

    async def test_a_stored_id_is_ignored(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.transcripts.add_segments(KEY, [segment(1)], heard_s=2.0, language="es")
        await stores.transcripts.add_segments(KEY, [segment(1, "otra"), segment(2)], heard_s=3.0, language="es")
        assert [one.text for one in await stores.transcripts.segments(KEY)] == ["hola", "hola"]

    async def test_order_is_by_time(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        late = [segment(2, start=20.0), segment(10, start=30.0), segment(11, start=5.0)]
        await stores.transcripts.add_segments(KEY, late, heard_s=31.0, language="es")
        assert [one.segment_id for one in await stores.transcripts.segments(KEY)] == ["s11", "s2", "s10"]

    async def test_no_session(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            await stores.transcripts.add_segments(KEY, [segment(1)], heard_s=2.0, language="es")
        with pytest.raises(NotFound):
            await stores.transcripts.set_turns(KEY, [])
        with pytest.raises(NotFound):
            await stores.transcripts.set_names(KEY, {"S1": "Marta"})
        assert await stores.transcripts.segments(KEY) == []

    async def test_turns_are_replaced(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.transcripts.set_turns(KEY, [SpeakerTurn(0.0, 1.0, "S1"), SpeakerTurn(0.5, 2.0, "S2")])
        turns = [SpeakerTurn(1.5, 2.0, "S2"), SpeakerTurn(0.0, 1.0, "S1")]
        await stores.transcripts.set_turns(KEY, turns)
        assert await stores.transcripts.turns(KEY) == turns[::-1]

    async def test_names_are_merged(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.transcripts.set_names(KEY, {"S1": "Marta", "S2": "Luis"})
        await stores.transcripts.set_names(KEY, {"S2": "", "S3": "Eva"})
        assert await stores.transcripts.names(KEY) == {"S1": "Marta", "S3": "Eva"}


class AnalysisStoreContract:
    async def test_versions_stay_readable(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        assert await stores.analyses.add(KEY, analysis("one")) == 1
        assert await stores.analyses.add(KEY, analysis("two")) == 2
        assert await stores.analyses.get(KEY) == dataclasses.replace(analysis("two"), version=2)
        assert await stores.analyses.get(KEY, 1) == dataclasses.replace(analysis("one"), version=1)

    async def test_missing(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            await stores.analyses.add(KEY, analysis())
        await stores.sessions.create(session())
        await stores.analyses.add(KEY, analysis())
        with pytest.raises(NotFound):
            await stores.analyses.get(KEY, 2)
        with pytest.raises(NotFound):
            await stores.analyses.get(OTHER_OWNER)

    async def test_stages(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        await stores.analyses.set_stage(KEY, StageResult("diarize", 5, "no model"))
        retried = StageResult("diarize", 7, None, {"speakers": 2})
        await stores.analyses.set_stage(KEY, retried)
        assert await stores.analyses.stages(KEY) == {"diarize": retried}


class EventLogContract:
    async def test_sequence_has_no_holes_under_concurrency(self, stores: Stores) -> None:
        for key in (KEY, OTHER_OWNER):
            await stores.sessions.create(session(key))
        await asyncio.gather(
            *(stores.events.append(key, "progress", {"n": n}) for n in range(20) for key in (KEY, OTHER_OWNER))
        )
        for key in (KEY, OTHER_OWNER):
            assert [event.sequence for event in await stores.events.read(key)] == list(range(1, 21))

    async def test_read_pages(self, stores: Stores) -> None:
        await stores.sessions.create(session())
        written = [await stores.events.append(KEY, "segments", {"ids": [f"s{n}"]}) for n in range(4)]
        assert await stores.events.read(KEY, after=1, limit=2) == written[1:3]

    async def test_no_session(self, stores: Stores) -> None:
        with pytest.raises(NotFound):
            await stores.events.append(KEY, "progress", {})


class SearchIndexContract:
    @pytest.fixture
    async def indexed(self, stores: Stores) -> SearchIndex:
        await stores.sessions.create(session())
        spoken = [segment(1, "Tomamos una decisión sobre el presupuesto"), segment(2, "We meet in the Madrid office")]
        await stores.transcripts.add_segments(KEY, spoken, heard_s=5.0, language="es")
        await stores.analyses.add(KEY, analysis("Old summary about kangaroos."))
        await stores.analyses.add(KEY, analysis("The budget was accepted."))
        return stores.search

    @pytest.mark.parametrize(
        ("query", "reference"),
        [
            ("decision", "s1"),
            ("DECISIÓN presupuesto", "s1"),
            ("presup", "s1"),
            ('"madrid office"', "s2"),
            ("budget accepted", "2"),
            ('office" OR', None),
            ('"office madrid"', None),
            ("kangaroos", None),
            ("decision nothing", None),
        ],
    )
    async def test_finds(self, indexed: SearchIndex, query: str, reference: str | None) -> None:
        hits = await indexed.search("ana", query)
        assert [hit.reference for hit in hits] == ([reference] if reference else [])

    async def test_hit(self, indexed: SearchIndex) -> None:
        (hit,) = await indexed.search("ana", "decision")
        assert (hit.session_id, hit.kind, hit.start) == ("first", "segment", 1.0)
        assert "[decisión]" in hit.snippet
        (summary,) = await indexed.search("ana", "budget")
        assert (summary.kind, summary.start) == ("summary", None)

    async def test_owners_are_apart(self, indexed: SearchIndex) -> None:
        assert await indexed.search("bea", "decision") == []

    @pytest.mark.parametrize(
        "query",
        [
            "",
            '"',
            '""',
            "*",
            "NEAR(",
            "a AND",
            "text:x",
            "^madrid",
            "-madrid",
            "\0\ud800",
            "'; --",
            "( )",
            "🦘",
            "² º",
        ],
    )
    async def test_nothing_is_syntax(self, indexed: SearchIndex, query: str) -> None:
        assert isinstance(await indexed.search("ana", query), list)
