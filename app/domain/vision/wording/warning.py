"""Findings in words: what is spoken, what it was judged on, and what may be done about it."""

from collections.abc import Iterable, Sequence

from app.domain.analysis.wording import capitalised
from app.domain.vision.models import Risk
from app.domain.vision.risks.finding import Finding
from app.domain.vision.risks.judge import told_severity
from app.domain.vision.view import Sighting, View
from app.domain.vision.wording.lexicon import Lexicon


def risk_of(finding: Finding, lexicon: Lexicon, spoken_in: Iterable[Lexicon] = ()) -> Risk:
    """A finding as it is told; ``spoken_in`` are the languages that somebody may want to hear it in."""
    entry = lexicon.risks[finding.kind][finding.case]
    reason = entry["reason"] if finding.sure else entry.get("unsure_reason", entry["reason"])
    return Risk(
        kind=finding.kind,
        severity=told_severity(finding),
        text=_spoken(finding, lexicon),
        reason=reason.format(**_words(finding, lexicon)),
        spoken={each.language: _spoken(finding, each) for each in spoken_in},
    )


def named_in(finding: Finding, lexicon: Lexicon) -> Sequence[Sighting]:
    """The things that a finding's text names, so that they need not be told again."""
    entry = lexicon.risks[finding.kind][finding.case]
    template = entry["text" if finding.sure else "unsure"]
    return finding.things if "{count}" in template else finding.things[:1] if "{a}" in template else ()


def suggestions_for(findings: Iterable[Finding], view: View, lexicon: Lexicon) -> tuple[str, ...]:
    """What may be done, the most urgent first, each once; nothing if there is nothing to do."""
    keys = [lexicon.risks[each.kind][each.case].get("do", "") for each in findings]
    if view.blurred:
        keys.append("photo")
    return tuple(dict.fromkeys(lexicon.suggestions[key] for key in keys if key))


def _spoken(finding: Finding, lexicon: Lexicon) -> str:
    entry = lexicon.risks[finding.kind][finding.case]
    return capitalised(entry["text" if finding.sure else "unsure"].format(**_words(finding, lexicon)))


def _words(finding: Finding, lexicon: Lexicon) -> dict[str, str]:
    """What the sentences are filled in with."""
    words = {"words": lexicon.quoted(finding.words)}
    if not finding.things:
        return words
    first = finding.things[0]
    number = _number(finding.things, lexicon)
    words |= {"a": lexicon.amount(first.label, 1), "the": lexicon.the(first.label), "number": number}
    words["count"] = lexicon.number(len(finding.things), lexicon.nouns[first.label])
    words["where"] = lexicon.say("sides", first.side)
    words |= {"The": capitalised(words["the"]), "Number": capitalised(number)}
    return words


def _number(things: Sequence[Sighting], lexicon: Lexicon) -> str:
    """How many of each class, the most numerous first."""
    labels = [each.label for each in things]
    counts = {label: labels.count(label) for label in dict.fromkeys(labels)}
    ranked = sorted(counts, key=lambda label: -counts[label])
    listed = lexicon.listed([lexicon.amount(label, counts[label]) for label in ranked])
    return listed
