"""A transcript becomes findings, each with the words that prove it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from app.application.analysis.label_sentences import LabelSentences
from app.application.analysis.read_conversation import ReadConversation
from app.application.analysis.summarise import Summarise
from app.application.analysis.word_items import Wording, WordItems
from app.domain.analysis.due import resolve_due
from app.domain.analysis.evidence import check_findings
from app.domain.analysis.extract import FoundItem, extract_items
from app.domain.analysis.labels import NOTHING_READ, Label, LabelledSentence
from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.models import ActionItem, Claim, Findings
from app.domain.analysis.readout import readout_for
from app.domain.analysis.sentences import Sentence, split_sentences
from app.domain.analysis.steps import find_steps
from app.domain.analysis.summary_check import Note
from app.domain.language.gateway import LanguageModel
from app.domain.session.models import Segment, TranscriptLine

Result = TypeVar("Result")

_HEARTBEAT_S = 2.0
_LABELLING, _READING = 0.4, 0.7
"""How far the progress is after labelling and after reading in context; wording takes the rest, the summary the last tenth."""
_ASKED_PER_S = 1 / 12
"""Items worded by the model for each second of speech, so that analysis stays far below half the session's length …"""
_ASKED = (4, 40)
"""… but at least, and at most, so many."""


@dataclass(frozen=True)
class AnalysisContext:
    """What is known about a session besides its words.

    Attributes:
        language: ISO 639-1 of the transcript.
        summary_language: ISO 639-1 of the findings; None = the transcript's.
        timezone: IANA name for dates; None = UTC.
        started_at: unix seconds of the session's start; None = no dates are worked out.
        names: speaker label to the name that the user gave.
    """

    language: str
    summary_language: str | None = None
    timezone: str | None = None
    started_at: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)


class AnalyzeTranscript:
    """Finds the summary, decisions, open questions, action items and risks of a transcript.

    Sentences are labelled one by one (``LabelSentences``), joined by rules (``domain/analysis``), put into words (``WordItems``),
    and checked against the transcript. What people say is data all the way: no sentence is ever an instruction.
    """

    def __init__(self, model: LanguageModel) -> None:
        """Prepare; ``model`` labels sentences and phrases what was found."""
        self._model = model
        self._labels = LabelSentences(model)
        self._conversation = ReadConversation(model)
        self._wordings = WordItems(model)
        self._summaries = Summarise(model)

    @property
    def model_id(self) -> str:
        """The language model's name as it appears in results."""
        return self._model.model_id

    async def prepare(self, language: str) -> None:
        """Make the first analysis of a language as fast as the next ones; changes no result.

        Args:
            language: ISO 639-1 of the speech.

        Raises:
            GatewayError: the language model failed.
        """
        await self._labels.prepare(language)

    async def heard(self, segments: Sequence[Segment], before: Sequence[Segment], language: str) -> None:
        """Work ahead while a session runs: label and read the sentences of new final segments.

        Args:
            segments: new ones, in time order.
            before: the last ones of those that were given before.
            language: ISO 639-1 of the speech.

        Raises:
            GatewayError: the language model failed; nothing is lost, ``analyze`` asks again.
        """
        await self._labels.label(await _sentences(segments), language)
        texts = [sentence.text for sentence in await _sentences([*before, *segments])]
        await self._conversation.read(texts, language, goes_on=True)

    async def analyze(
        self, lines: Sequence[TranscriptLine], context: AnalysisContext, on_progress: Callable[[float], None]
    ) -> Findings:
        """Analyse a whole transcript.

        Args:
            lines: in time order; may be empty.
            context: language, clock and names.
            on_progress: hears the fraction done, 0 to 1, never falling, at least every few seconds.

        Returns:
            Findings whose evidence stands verbatim in ``lines``; speakers are labels.

        Raises:
            GatewayError: the language model failed.
        """
        progress = _Progress(on_progress)
        lexicon = await asyncio.to_thread(lexicon_for, context.language)  # read from disk the first time
        readout = await asyncio.to_thread(readout_for, self._model.model_id)
        language = context.summary_language or context.language
        sentences = await asyncio.to_thread(split_sentences, lines)
        labelled = await progress.during(
            self._labels.label(sentences, context.language, progress.part(0.0, _LABELLING))
        )
        labelled = await progress.during(
            self._read_in_context(labelled, context.language, progress.part(_LABELLING, _READING))
        )
        items = await asyncio.to_thread(extract_items, labelled, lexicon, context.names, readout)
        wordings = await progress.during(
            self._wordings.word(items, lexicon, language, asked=_asked(lines), on_progress=progress.part(_READING, 0.9))
        )
        told = [Note(item.kind, wording.text, item.owner) for item, wording in zip(items, wordings, strict=True)]
        summary = await progress.during(self._summaries.summary(labelled, told, lexicon, language))
        findings = Findings(
            language=language,
            summary=summary,
            decisions=_claims(items, wordings, Label.DECISION),
            open_questions=_claims(items, wordings, Label.QUESTION),
            risks=_claims(items, wordings, Label.RISK),
            action_items=tuple(
                _action(item, wording, context)
                for item, wording in zip(items, wordings, strict=True)
                if item.kind is Label.TASK
            ),
        )
        on_progress(1.0)
        return check_findings(findings, lines, context.names.values())

    async def _read_in_context(
        self, labelled: Sequence[LabelledSentence], language: str, on_progress: Callable[[float], None]
    ) -> tuple[LabelledSentence, ...]:
        """Add what sentences mean where they stand; without that, nothing that was read in them counts."""
        texts = [entry.sentence.text for entry in labelled]
        read = await self._conversation.read(texts, language, on_progress)
        whole = all(entry.readings.size and more.size for entry, more in zip(labelled, read, strict=True))
        return tuple(
            replace(entry, readings=entry.readings + more if whole else NOTHING_READ)
            for entry, more in zip(labelled, read, strict=True)
        )


async def _sentences(segments: Sequence[Segment]) -> Sequence[Sentence]:
    lines = [TranscriptLine(s.segment_id, None, s.start, s.end, s.text) for s in segments]
    return await asyncio.to_thread(split_sentences, lines)


class _Progress:
    """Passes progress on, and repeats it while nothing happens, so that listeners know that work goes on."""

    def __init__(self, listener: Callable[[float], None]) -> None:
        self._listener = listener
        self._fraction = 0.0
        listener(0.0)

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """A listener for the part of the work between two fractions."""

        def report(fraction: float) -> None:
            self._fraction = max(self._fraction, begin + fraction * (end - begin))
            self._listener(self._fraction)

        return report

    async def during(self, work: Awaitable[Result]) -> Result:
        """Wait for ``work``; cancelling cancels it."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_HEARTBEAT_S))[0]:
                self._listener(self._fraction)
            return task.result()
        finally:
            task.cancel()


def _asked(lines: Sequence[TranscriptLine]) -> int:
    spoken_s = lines[-1].end - lines[0].start if lines else 0.0
    return min(_ASKED[1], max(_ASKED[0], int(spoken_s * _ASKED_PER_S)))


def _claims(items: Sequence[FoundItem], wordings: Sequence[Wording], kind: Label) -> tuple[Claim, ...]:
    return tuple(
        Claim(wording.text, item.evidence) for item, wording in zip(items, wordings, strict=True) if item.kind is kind
    )


def _action(item: FoundItem, wording: Wording, context: AnalysisContext) -> ActionItem:
    due = resolve_due(item.due_text, context.language, context.started_at, context.timezone) if item.due_text else None
    return ActionItem(
        title=wording.text,
        description=wording.description,
        steps=find_steps([sentence.text for sentence in item.sentences], lexicon_for(context.language)),
        owner=item.owner,
        due=due,
        due_text=item.due_text,
        evidence=item.evidence,
    )
