"""A transcript becomes findings, each with the words that prove it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.application.analysis.label_sentences import LabelSentences
from app.domain.analysis.evidence import check_findings
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.models import ActionItem, Claim, Findings
from app.domain.analysis.sentences import split_sentences
from app.domain.language.gateway import LanguageModel
from app.domain.session.models import Segment, SessionKey, TranscriptLine


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
    """Finds the summary, decisions, open questions, action items and risks of a transcript."""

    def __init__(self, model: LanguageModel) -> None:
        """Prepare; ``model`` labels sentences and phrases what was found."""
        self._model = model
        self._labels = LabelSentences(model)

    @property
    def model_id(self) -> str:
        """The language model's name as it appears in results."""
        return self._model.model_id

    async def heard(self, key: SessionKey, segments: Sequence[Segment], language: str) -> None:
        """Work ahead while a session runs: label the sentences of new final segments.

        Args:
            key: the session.
            segments: new ones, in time order.
            language: ISO 639-1 of the speech.

        Raises:
            GatewayError: the language model failed; nothing is lost, ``analyze`` asks again.
        """
        lines = [TranscriptLine(s.segment_id, None, s.start, s.end, s.text) for s in segments]
        await self._labels.label(split_sentences(lines), language)

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
        on_progress(0.0)
        labelled = await self._labels.label(
            split_sentences(lines), context.language, lambda done: on_progress(done * 0.9)
        )
        findings = Findings(
            language=context.summary_language or context.language,
            decisions=_claims(labelled, Label.DECISION),
            open_questions=_claims(labelled, Label.QUESTION),
            risks=_claims(labelled, Label.RISK),
            action_items=tuple(
                ActionItem(e.sentence.text, e.sentence.text, (), e.sentence.speaker, None, None, e.sentence.evidence)
                for e in labelled
                if e.label is Label.TASK
            ),
        )
        on_progress(1.0)
        return check_findings(findings, lines, context.names.values())


def _claims(labelled: Sequence[LabelledSentence], label: Label) -> tuple[Claim, ...]:
    return tuple(Claim(entry.sentence.text, entry.sentence.evidence) for entry in labelled if entry.label is label)
