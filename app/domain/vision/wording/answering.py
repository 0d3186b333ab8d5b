"""Answers to what the wearer asks: what the evidence can answer, and else that it cannot."""

from collections.abc import Sequence

from app.domain.analysis.wording import capitalised
from app.domain.vision.models import Risk
from app.domain.vision.questions import Asked, Question
from app.domain.vision.view import View
from app.domain.vision.wording.grouping import grouped, place_of, placed, plural_verb
from app.domain.vision.wording.lexicon import Lexicon
from app.domain.vision.wording.quoting import all_text

_MAX_GROUPS = 5
_MAX_DOUBTFUL = 3
MAX_DANGERS = 3
"""Told to who asks whether it is safe. That none was recognised is never told: it would be heard as "go"."""
_UNANSWERED = {Asked.UNKNOWN_THING: "unknown_thing", Asked.OTHER: "cannot", Asked.NOT_SHOWN: "not_shown"}


def answer(question: Question, view: View, risks: Sequence[Risk], lexicon: Lexicon) -> list[str]:
    """The sentences that answer a question; empty for a plain description."""
    if question.asked is Asked.DESCRIPTION:
        return []
    if question.asked is Asked.TEXT:
        return [all_text(view.readings, lexicon)]
    if question.asked is Asked.DANGER:
        return [lexicon.say("answers", "danger"), *(risk.text for risk in risks[:MAX_DANGERS])]
    if question.asked in _UNANSWERED:
        return [lexicon.say("answers", _UNANSWERED[question.asked])]
    return _about_things(question, view, lexicon)


def _about_things(question: Question, view: View, lexicon: Lexicon) -> list[str]:
    found = view.of(question.labels)
    caveats = [lexicon.say("answers", "people")] if question.who else []
    caveats += [lexicon.say("answers", "no_details")] if question.details and found and not question.who else []
    if not found:
        none = lexicon.none_of(question.labels[0])
        verb = lexicon.verb("recognised", lexicon.nouns[question.labels[0]].plural_in_form)
        named = {"none": none, "None": capitalised(none), "recognised": verb}
        return [lexicon.say("answers", "none", **named)] if len(question.labels) == 1 else [_none_of_kind(lexicon)]
    sure = [each for each in found if each.sure]
    doubtful = [each for each in found if sure and not each.sure]
    if doubtful:
        also = placed(grouped(doubtful)[:_MAX_DOUBTFUL], view, lexicon, {each.label for each in sure})
        caveats.insert(0, lexicon.say("answers", "perhaps_also", list=also))
    groups = grouped(sure or found)[:_MAX_GROUPS]
    plural = plural_verb(groups[0], lexicon)
    verb = lexicon.verb("is", plural)
    listed = placed(groups, view, lexicon)
    if not sure:
        section, key = ("answers", "maybe") if question.asked is Asked.PRESENCE else ("sentences", "unsure")
        said = lexicon.say(section, key, **{"is": verb, "list": listed})
    elif question.asked is Asked.NUMBER:
        return [_number(question, view, lexicon), *caveats]
    elif question.asked is Asked.PLACE and len(groups) == 1 and place_of(groups[0], view, lexicon):
        group = groups[0]
        the = capitalised(lexicon.the(group.label, group.count))
        located = lexicon.verb("is_located", plural)
        place = place_of(group, view, lexicon)
        said = lexicon.say("answers", "where", The=the, located=located, place=place)
    else:
        partly = question.details or question.who  # "yes" to "is there a free chair?" would say that it is free
        key = "where_many" if question.asked is Asked.PLACE or partly else "yes"
        said = lexicon.say("answers", key, **{"is": verb, "Is": capitalised(verb), "list": listed})
    return [said, *caveats]


def _number(question: Question, view: View, lexicon: Lexicon) -> str:
    """How many of each class that was asked for, wherever they are."""
    sure = [each.label for each in view.of(question.labels) if each.sure]
    counts = {label: sure.count(label) for label in dict.fromkeys(sure)}
    listed = lexicon.listed([lexicon.amount(label, count) for label, count in counts.items()])
    plural = len(sure) > 1 or lexicon.nouns[sure[0]].plural_in_form
    verb = lexicon.verb("recognised", plural)
    words = {"recognised": verb, "Recognised": capitalised(verb), "list": listed, "List": capitalised(listed)}
    doubtful = any(not each.sure for each in view.of(question.labels))
    return lexicon.say("answers", "count_also" if doubtful else "count", **words)


def _none_of_kind(lexicon: Lexicon) -> str:
    return lexicon.say("answers", "none_of_kind")
