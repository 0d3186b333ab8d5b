"""Sentences about things at one distance: a clause for each side, "there is a chair on the left; straight ahead, a sofa"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.domain.analysis.wording import capitalised
from app.domain.vision.view import View
from app.domain.vision.wording.grouping import Group, amount_of, place_of, plural_verb
from app.domain.vision.wording.lexicon import Lexicon

_SINGLE_SIDES = frozenset({"ahead", "left", "right"})


@dataclass(frozen=True)
class Clause:
    """Things at one place.

    Attributes:
        place: "on the left"; empty for what is all over.
        listed: "two chairs and a table".
        plural: whether a verb with them takes its plural form.
    """

    place: str
    listed: str
    plural: bool


def clauses_of(
    groups: Sequence[Group], view: View, lexicon: Lexicon, mentioned: set[str], beyond: bool
) -> Iterator[Clause]:
    """The clauses of a sentence; adds to ``mentioned`` the labels that they name. ``beyond``: nearer things were told."""
    before: Sequence[Group] = ()
    for _, members in groupby(_by_side(groups), key=lambda group: group.side):
        inside = list(members)
        place = _place(inside[0], bool(before), beyond, view, lexicon)
        listed = _named(inside, before, mentioned, lexicon)
        if not place and len(inside) == 1:
            listed = _nearest(inside[0], listed, view, lexicon)
        yield Clause(place, listed, plural_verb(inside[0], lexicon))
        before = inside


def _place(group: Group, follows: bool, beyond: bool, view: View, lexicon: Lexicon) -> str:
    """The place of a clause; one that follows another is at the same distance, and only its side is new."""
    single = group.side in _SINGLE_SIDES
    if follows:
        middle = place_of(group, view, lexicon) if group.depth == "middle" else ""
        return lexicon.say("sides", group.side) if single else middle
    if beyond:
        return lexicon.say("places", f"beyond_{group.side}" if single else "beyond_ahead")
    return place_of(group, view, lexicon)


def _named(groups: Sequence[Group], before: Sequence[Group], mentioned: set[str], lexicon: Lexicon) -> str:
    """The names of a clause's things, without repeating the one name of the clause before: "a chair; on the left, another"."""
    first = groups[0]
    if len(before) == len(groups) == 1 and before[0].label == first.label and not (first.belongings or first.more):
        return lexicon.another(first.label, first.count)
    names = []
    for group in groups:
        names.append(amount_of(group, lexicon, again=group.label in mentioned))
        mentioned.add(group.label)
    return lexicon.listed(names)


def _nearest(group: Group, listed: str, view: View, lexicon: Lexicon) -> str:
    """What is all over, with the place of the nearest, unless a nearer one is told elsewhere."""
    nearest = view.of({group.label})[0]
    if nearest not in group.members:
        return listed
    kind = lexicon.nouns[group.label].kind[0]
    return lexicon.say("grammar", f"nearest_{kind}", list=listed, place=lexicon.say("sides", nearest.side))


def sentence_of(clauses: Sequence[Clause], lexicon: Lexicon, place_first: bool) -> str:
    """The clauses as one sentence, which begins with the place or with the verb."""
    first = clauses[0]
    verb = lexicon.verb("is", first.plural)
    if not first.place:
        said = [lexicon.say("sentences", "no_place", **{"is": verb, "list": first.listed})]
    else:
        place = f"{first.place}," if "," in first.place and place_first else first.place
        key = "place_first" if place_first else "list_first"
        said = [lexicon.say("sentences", key, **{"place": place, "is": verb, "list": first.listed})]
    for clause in clauses[1:]:
        key = "next_place" if clause.place else "also"
        verb = lexicon.verb("is", clause.plural)
        said.append(lexicon.say("sentences", key, **{"place": clause.place, "is": verb, "list": clause.listed}))
    return capitalised("; ".join(said)) + "."


def _by_side(groups: Sequence[Group]) -> list[Group]:
    """Groups of one side next to each other, in the order in which the sides come first."""
    order = list(dict.fromkeys(group.side for group in groups))
    return sorted(groups, key=lambda group: order.index(group.side))
