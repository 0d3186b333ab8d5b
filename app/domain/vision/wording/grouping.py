"""Things gathered into what is said of them together: "three chairs on the left", "a person with an umbrella"."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.vision.placing import overlap
from app.domain.vision.things import ANIMALS, MOTOR_VEHICLES
from app.domain.vision.view import Sighting, View
from app.domain.vision.wording.lexicon import Lexicon

DEPTHS = ("near", "middle", "far")
_SIDES = ("ahead", "left", "right", "ahead_left", "ahead_right", "around", "")
_CARRIED = frozenset(
    {
        "backpack", "umbrella", "handbag", "suitcase", "cell phone", "surfboard", "snowboard", "skis", "tennis racket",
        "baseball bat", "kite",
    }
)  # fmt: skip
_RIDDEN = frozenset({"bicycle", "motorbike", "horse", "skateboard"})
_MATTER_MORE = MOTOR_VEHICLES | ANIMALS | {"person", "bicycle", "train"}


@dataclass(frozen=True)
class Group:
    """Things of one class that are at about one place.

    Attributes:
        label: COCO's.
        members: the things, largest first.
        depth: ``near``, ``middle`` or ``far``.
        side: ``left``, ``ahead``, ``right``, two of them joined, ``around`` for both sides, empty for everywhere.
        belongings: labels of what a single person carries or rides.
        more: whether there may be more of them.
    """

    label: str
    members: tuple[Sighting, ...]
    depth: str
    side: str
    belongings: tuple[str, ...] = ()
    more: bool = False

    @property
    def count(self) -> int:
        """How many."""
        return len(self.members)

    @property
    def distance_m(self) -> float:
        """About how far the nearest of them is at most."""
        return min(each.distance_m for each in self.members)

    @property
    def prominence(self) -> float:
        """How much of the photo it takes up; people, animals and vehicles count twice, since they act."""
        return max(each.box.area for each in self.members) * (2 if self.label in _MATTER_MORE else 1)


def grouped(sightings: Iterable[Sighting]) -> list[Group]:
    """Gather things by class and place, the nearest first, then the most prominent.

    Near ones are kept apart by side, since there it matters where each is; so are two of a class.
    """
    things = list(sightings)
    together = Counter((each.label, each.depth) for each in things)
    by_key: dict[tuple[str, str, str], list[Sighting]] = defaultdict(list)
    for each in things:
        apart = each.depth == "near" or (each.depth == "middle" and together[each.label, each.depth] == 2)
        by_key[each.label, each.depth, each.side if apart else ""].append(each)
    groups = [
        Group(label, tuple(sorted(members, key=lambda one: -one.box.area)), depth, _common_side(members))
        for (label, depth, _), members in by_key.items()
    ]
    return sorted(groups, key=lambda group: (DEPTHS.index(group.depth), -group.prominence, _SIDES.index(group.side)))


def with_belongings(groups: Sequence[Group]) -> list[Group]:
    """Join what a single person carries or rides with that person; with several people it is not clear whose it is."""
    single = [group for group in groups if group.label == "person" and group.count == 1]
    items = [group for group in groups if group.label in _CARRIED | _RIDDEN and group.count == 1]
    owners: dict[int, list[str]] = defaultdict(list)
    taken: set[int] = set()
    for item in items:
        owner = next((one for one in single if _belongs(item.members[0], one.members[0])), None)
        if owner is not None and len(owners[id(owner)]) < 2:
            owners[id(owner)].append(item.label)
            taken.add(id(item))
    return [replace(each, belongings=tuple(owners.get(id(each), ()))) for each in groups if id(each) not in taken]


def amount_of(group: Group, lexicon: Lexicon, *, again: bool = False) -> str:
    """What a group is called: "una persona en bicicleta", "otras dos sillas"."""
    words = lexicon.amount(group.label, group.count, again=again)
    if group.more and not again:
        words = lexicon.at_least(group.label, group.count)
    ridden = [label for label in group.belongings if label in _RIDDEN]
    carried = [lexicon.amount(label, 1) for label in group.belongings if label not in _RIDDEN]
    if ridden:
        words = lexicon.say("riding", ridden[0], one=words)
    if carried:
        words = lexicon.say("grammar", "with", one=words, other=lexicon.listed(carried))
    return words


def place_of(group: Group, view: View, lexicon: Lexicon) -> str:
    """Where a group is, in words; empty if it is all over the middle distance."""
    if group.depth == "middle":
        return lexicon.say("places", f"middle_{group.side}") if group.side else ""
    side = group.side if group.side in {"ahead", "left", "right"} else "around"
    inside = "inside_" if group.depth == "far" and view.indoors else ""
    return lexicon.say("places", f"{inside}{group.depth}_{side}")


def placed(groups: Iterable[Group], view: View, lexicon: Lexicon, known: Collection[str] = ()) -> str:
    """A list of groups with their places; those of ``known`` labels are told as others."""
    by_place: dict[str, list[str]] = defaultdict(list)
    before: tuple[str, ...] = ()
    labels: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for group in groups:
        place = place_of(group, view, lexicon)
        amount = amount_of(group, lexicon, again=group.label in known)
        if before == (group.label,) and place not in by_place and not group.belongings:
            amount = lexicon.another(group.label, group.count)  # "a chair ahead, and another on the left"
        by_place[place].append(amount)
        before = labels[place] = (*labels[place], group.label)
    clauses = [f"{lexicon.listed(amounts)} {place}".strip() for place, amounts in by_place.items()]
    if len(clauses) < 2:
        return "".join(clauses)
    between = "; " if any("," in clause for clause in clauses) else ", "
    return between.join(clauses[:-1]) + lexicon.say("grammar", "and_clause") + clauses[-1]


def plural_verb(group: Group, lexicon: Lexicon) -> bool:
    """Whether a verb with this group takes its plural form."""
    return group.count > 1 or lexicon.nouns[group.label].plural_in_form


def _common_side(members: Sequence[Sighting]) -> str:
    sides = {each.side for each in members}
    if len(sides) == 1:
        return sides.pop()
    if sides == {"left", "right"}:
        return "around"
    return "" if len(sides) == 3 else "ahead_left" if "left" in sides else "ahead_right"


def _belongs(item: Sighting, person: Sighting) -> bool:
    if not item.sure:
        return False
    if item.label in _RIDDEN:
        above = person.box.top < item.box.top and person.box.bottom < item.box.bottom + 0.02
        return above and overlap(item.box, person.box) > 0.25
    if item.label == "umbrella":
        beside = item.box.left < person.box.right and item.box.right > person.box.left
        return beside and item.box.top < person.box.top + person.box.height / 3 and item.box.bottom > person.box.top
    return overlap(item.box, person.box) > 0.5
