"""The description: sentences about what was seen, near things first, and about what can be read."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from math import inf
from zlib import crc32

from app.domain.vision.questions import Asked, Question
from app.domain.vision.risks.vehicles import on_road
from app.domain.vision.setting import setting_of
from app.domain.vision.view import Sighting, View
from app.domain.vision.wording.clauses import clauses_of, sentence_of
from app.domain.vision.wording.grouping import (
    DEPTHS,
    Group,
    grouped,
    placed,
    plural_verb,
    with_belongings,
)
from app.domain.vision.wording.lexicon import Lexicon
from app.domain.vision.wording.quoting import text_sentence

_MAX_GROUPS = 7
"""More is not listened to; what is left out is small, and told in a few words."""
_MAX_SMALL = 3
_MAX_UNSURE = 3
_CROWD = 8
"""From here on, detectors merge and miss people: the number found is a lower bound."""
_PAVEMENT_SHARE = 0.5


def describe(
    view: View, lexicon: Lexicon, answered: Question | None = None, warned_of: Collection[Sighting] = ()
) -> list[str]:
    """A few sentences, the most useful first; never empty without an answer.

    Args:
        view: what was seen.
        lexicon: of the language.
        answered: the question that was just answered; what it asks for is left out.
        warned_of: things that the answer has just named.
    """
    named = answered.labels if answered is not None else ()
    things = [each for each in view.sightings if each.label not in named and each not in warned_of]
    known = {each.label for each in warned_of}
    seen = [*_seen(things, view, lexicon, known), *_ground(view, lexicon)]
    sentences = [*_caveats(view, lexicon), *_impression(view, lexicon), *seen]
    just_read = answered is not None and answered.asked is Asked.TEXT
    text = "" if just_read else text_sentence(view.readings, lexicon)
    if not _anything(view):
        sentences.extend(_nothing(view, lexicon))
    elif text and not view.sightings and not view.shown:
        sentences.append(lexicon.say("sentences", "only_text"))
    return [*sentences, text] if text else sentences


def _anything(view: View) -> bool:
    return bool(view.sightings or view.shown or view.readings)


def _nothing(view: View, lexicon: Lexicon) -> Iterator[str]:
    """A wall has no edges and is not blurred; which of both it is, such a photo does not tell."""
    yield lexicon.say("sentences", "featureless" if view.blurred else "nothing")


def _caveats(view: View, lexicon: Lexicon) -> Iterator[str]:
    if view.dark:
        yield lexicon.say("sentences", "dark")
    elif view.blurred and _anything(view):
        yield lexicon.say("sentences", "blurred")


def _impression(view: View, lexicon: Lexicon) -> Iterator[str]:
    setting = setting_of(view)
    if setting is not None:
        yield lexicon.say("settings", setting)


def _ground(view: View, lexicon: Lexicon) -> Iterator[str]:
    if on_road(view):
        yield lexicon.say("sentences", "roadway")
    elif view.outdoors and view.ground.get("sidewalk", 0.0) >= _PAVEMENT_SHARE:
        yield lexicon.say("sentences", "pavement")


def _seen(things: Sequence[Sighting], view: View, lexicon: Lexicon, known: Collection[str]) -> Iterator[str]:
    people = [each for each in things if each.label == "person"]
    crowd = len(people) >= _CROWD
    if crowd:
        near = any(each.depth == "near" for each in people)
        number = lexicon.number(len(people), lexicon.nouns["person"])
        yield lexicon.say("sentences", "crowd_near" if near else "crowd", number=number)
    apart = [each for each in things if not (crowd and each.label == "person")]
    groups, doubtful = _counted(with_belongings(grouped(each for each in apart if each.sure)), apart)
    told = sorted(sorted(groups, key=lambda each: -each.prominence)[:_MAX_GROUPS], key=groups.index)
    yield from _sentences(told, view, lexicon, known)
    yield from _small([each for each in groups if each not in told], told, lexicon)
    yield from _doubtful(doubtful, {*known, *(each.label for each in groups)}, crowd, view, lexicon)
    yield from _shown(view.shown, lexicon)


def _counted(groups: Sequence[Group], things: Sequence[Sighting]) -> tuple[list[Group], list[Sighting]]:
    """Groups that know whether there may be more of them, and the doubtful things that are told by themselves."""
    doubtful = [each for each in things if not each.sure]
    counted, told = [], set()
    labels = Counter(group.label for group in groups)
    for group in groups:
        alone = labels[group.label] == 1  # "at least one cup …; on the right, another" would tell more than the least
        same = {id(each) for each in doubtful if alone and _would_join(each, group)}
        counted.append(replace(group, more=bool(same)))
        told |= same
    return counted, [each for each in doubtful if id(each) not in told]


def _would_join(thing: Sighting, group: Group) -> bool:
    """Whether a doubtful thing is only one more of a group: of its class, at its place, and not larger than all of it."""
    at_place = thing.depth == group.depth and (
        group.side in {"", "around"} or thing.side in group.side or thing.depth == "far"
    )
    return thing.label == group.label and at_place and thing.box.area <= max(each.box.area for each in group.members)


def _sentences(groups: Sequence[Group], view: View, lexicon: Lexicon, known: Collection[str]) -> Iterator[str]:
    """A sentence for each distance; their shapes alternate, beginning with one that depends on what was seen."""
    place_first = crc32(" ".join(group.label for group in groups).encode()) % 2 == 0
    mentioned = set(known)
    nearest_told = inf
    for depth in DEPTHS:
        here = [group for group in groups if group.depth == depth]
        if here:
            nearest = min(group.distance_m for group in here)
            clauses = list(
                clauses_of(here, view, lexicon, mentioned, beyond=depth == "middle" and nearest > nearest_told)
            )
            yield sentence_of(clauses, lexicon, place_first)
            place_first = not place_first or not clauses[0].place
            nearest_told = max(group.distance_m for group in here)


def _small(groups: Sequence[Group], told: Sequence[Group], lexicon: Lexicon) -> Iterator[str]:
    """What is left out, by name: only classes that were not told yet."""
    known = {group.label for group in told} | {label for group in told for label in group.belongings}
    labels = list(dict.fromkeys(group.label for group in groups if group.label not in known))[:_MAX_SMALL]
    if labels:
        items = [
            lexicon.nouns[label].plural if _total(groups, label) > 1 else lexicon.amount(label, 1) for label in labels
        ]
        yield lexicon.say("sentences", "small", seen=lexicon.verb("seen", True), list=lexicon.listed(items))


def _total(groups: Sequence[Group], label: str) -> int:
    return sum(group.count for group in groups if group.label == label)


def _doubtful(things: Sequence[Sighting], known: set[str], crowd: bool, view: View, lexicon: Lexicon) -> Iterator[str]:
    groups = sorted(grouped(things), key=lambda group: -group.prominence)[:_MAX_UNSURE]
    if groups:
        verb = lexicon.verb("is", plural_verb(groups[0], lexicon))
        key = "unsure_also" if known or crowd else "unsure"
        yield lexicon.say("sentences", key, **{"is": verb, "list": placed(groups, view, lexicon, known)})


def _shown(things: Sequence[Sighting], lexicon: Lexicon) -> Iterator[str]:
    labels = list(dict.fromkeys(each.label for each in things))[:_MAX_SMALL]
    if labels:
        counts = {label: sum(each.label == label for each in things) for label in labels}
        many = counts[labels[0]] > 1 or len(labels) > 1 or lexicon.nouns[labels[0]].plural_in_form
        items = lexicon.listed([lexicon.amount(label, count) for label, count in counts.items()])
        yield lexicon.say("sentences", "shown", seen=lexicon.verb("seen", many), list=items)
