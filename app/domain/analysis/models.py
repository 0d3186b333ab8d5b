"""What a session comes to: the analysis, its claims, and the evidence of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.audio.models import TimeSpan
from app.domain.session.models import TranscriptLine


@dataclass(frozen=True)
class Evidence:
    """Where a claim comes from: words that were said (verbatim), or a photo."""

    segment_id: str | None = None
    quote: str | None = None
    frame_id: str | None = None


@dataclass(frozen=True)
class Claim:
    """A decision, an open question or a risk. Never without evidence."""

    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class ActionItem:
    """Something that someone will do.

    Attributes:
        title: a few words, starting with the verb.
        description: one or two sentences.
        steps: in order; empty if none were said.
        owner: a speaker label (``S2``) or a name that was said; None if nobody took it.
        due: ISO 8601 date or time if the words allow one.
        due_text: what was said about the time, verbatim.
        evidence: never empty.
    """

    title: str
    description: str
    steps: tuple[str, ...]
    owner: str | None
    due: str | None
    due_text: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Findings:
    """What the language model and the rules found in a transcript, checked against it."""

    language: str
    summary: str = ""
    decisions: tuple[Claim, ...] = ()
    open_questions: tuple[Claim, ...] = ()
    action_items: tuple[ActionItem, ...] = ()
    risks: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class AnalysedPhoto:
    """A photo as a version of the analysis knew it.

    Attributes:
        frame_id: its name in the session.
        captured_at: unix seconds.
        offset_s: seconds on the session's clock.
        description: empty if it could not be described.
        risks: what was dangerous or unusual in it, the most severe first.
    """

    frame_id: str
    captured_at: float
    offset_s: float
    description: str
    risks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Analysis:
    """One version of a session's analysis.

    It keeps transcript, gaps and photos as they were when it was made: late audio and late photos change them, and an older
    version's evidence must still be found in it.

    Attributes:
        findings: summary and claims. Speakers are labels (``S1``); names are put in on reading.
        lines: the transcript that it was made from, by start time; speakers are labels.
        gaps: stretches of the session that no audio covered.
        models: model ids by role.
        timings_ms: by stage.
        complete: False if a stage failed.
        notes: for the user, why it is not complete or what to mind.
        version: given by the store, from 1.
        photos: the session's, in the order of its clock.
    """

    findings: Findings
    lines: tuple[TranscriptLine, ...]
    gaps: tuple[TimeSpan, ...]
    models: Mapping[str, str | None]
    timings_ms: Mapping[str, int]
    complete: bool = True
    notes: tuple[str, ...] = field(default=())
    version: int = 0
    photos: tuple[AnalysedPhoto, ...] = ()
