"""A session's photos as the analysis looks at them: in order, with the words that tell one from another, and their risks by kind."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from app.domain.analysis.lexicon import lexicon_for
from app.domain.analysis.models import AnalysedPhoto
from app.domain.analysis.words import overlap, stems
from app.domain.vision.models import Scene, SeenPhoto, Severity

_GENERAL_KINDS = frozenset(["", "other", "unusual"])
"""Kinds that do not say what it is: such risks are the same only if their words are."""
_SAME_RISK = 0.5
"""Share of the shorter one's content words from which two risks tell of the same."""
_SAME_SCENE = 0.6
"""Share of all the content words of two descriptions, and of the things seen, that both have if they show the same: they do if one thing
of five has changed, and no longer if one of three has."""
_SHORT_WORD = re.compile(r"\b\w{2,4}\b")
_LATEST = 20
"""Earlier views that a photo is compared with: where somebody comes back to after more than that, it may be told again."""
_MOST_RISKS = 200
"""Different risks of a session; only descriptions that never repeat themselves have more, and a list shows a dozen."""


@dataclass(frozen=True)
class Look:
    """A photo that was described.

    Attributes:
        photo: with a scene; of a near-duplicate that was not described again, that of its original.
        scene: the same.
        words: stems of what is told of it.
        things: the same, with the detector's names.
        new: False for a near-duplicate.
    """

    photo: SeenPhoto
    scene: Scene
    words: frozenset[str]
    things: frozenset[str]
    new: bool

    @property
    def frame_id(self) -> str:
        """The photo's."""
        return self.photo.frame_id

    @property
    def offset_s(self) -> float:
        """The photo's."""
        return self.photo.offset_s


@dataclass(frozen=True)
class SeenRisk:
    """A danger of one kind, in all the photos that show it.

    Attributes:
        kind: as the describer names it.
        severity: the gravest.
        text: the gravest wording, the earlier of equals.
        offset_s: when that was.
        looks: the photos, in order.
        words: stems of its texts and reasons.
    """

    kind: str
    severity: Severity
    text: str
    offset_s: float
    looks: tuple[Look, ...]
    words: frozenset[str]


class Album:
    """Photos in the order of the session's clock, those that were described."""

    def __init__(self, photos: Iterable[SeenPhoto]) -> None:
        ordered = in_order(photos)
        scenes = {photo.frame_id: photo.scene for photo in ordered}
        looks: list[Look] = []
        for photo in ordered:
            scene = photo.scene or scenes.get(photo.duplicate_of or "")
            if scene is not None:
                looks.append(_look(photo, scene))
        self.looks = tuple(looks)
        self._times = [look.offset_s for look in looks]

    def near(self, start: float, end: float, within_s: float) -> Sequence[Look]:
        """Photos taken between two moments, or at most so many seconds before or after."""
        return self.looks[bisect_left(self._times, start - within_s) : bisect_right(self._times, end + within_s)]

    def distinct(self) -> list[Look]:
        """Photos that show something that none of the latest before them shows."""
        kept: list[Look] = []
        for look in self.looks:
            if look.new and not any(_alike(look, earlier) for earlier in kept[-_LATEST:]):
                kept.append(look)
        return kept

    def risks(self, language: str) -> list[SeenRisk]:
        """Dangers by kind, in the order in which they were first seen; near-duplicates add nothing.

        They are told in ``language`` (ISO 639-1) where the describer can say them in it.
        """
        found: list[SeenRisk] = []
        for look in self.looks:
            for risk in look.scene.risks if look.new else ():
                words = content_words(f"{risk.text} {risk.reason}", look.scene.language)
                text = risk.spoken.get(language, risk.text)
                seen = SeenRisk(risk.kind, risk.severity, text, look.offset_s, (look,), words)
                place = next((n for n, earlier in enumerate(found) if _same(earlier, seen)), None)
                if place is not None:
                    found[place] = _joined(found[place], seen)
                elif len(found) < _MOST_RISKS:
                    found.append(seen)
        return found


def in_order(photos: Iterable[SeenPhoto]) -> list[SeenPhoto]:
    """Photos by the session's clock."""
    return sorted(photos, key=lambda photo: (photo.offset_s, photo.frame_id))


def analysed_photos(photos: Iterable[SeenPhoto]) -> tuple[AnalysedPhoto, ...]:
    """What a version of the analysis keeps of the session's photos."""
    ordered = in_order(photos)
    looks = {look.frame_id: look for look in Album(ordered).looks}
    return tuple(
        AnalysedPhoto(
            photo.frame_id,
            photo.captured_at,
            photo.offset_s,
            looks[photo.frame_id].scene.description if photo.frame_id in looks else "",
            tuple(risk.text for risk in looks[photo.frame_id].scene.risks) if photo.frame_id in looks else (),
        )
        for photo in ordered
    )


def content_words(text: str, language: str) -> frozenset[str]:
    """Stems of the words that tell what something is, without those that any photo's description has."""
    lexicon = lexicon_for(language)
    short = (word.removesuffix("s") for word in _SHORT_WORD.findall(text.lower()))
    return (stems(text, lexicon) - _scenery(language)) | {word for word in short if word in lexicon.short_things}


@cache
def _scenery(language: str) -> frozenset[str]:
    lexicon = lexicon_for(language)
    return stems(" ".join(lexicon.scenery), replace(lexicon, stop_words=frozenset()))


def _look(photo: SeenPhoto, scene: Scene) -> Look:
    labels = [item.label for item in scene.objects]
    named = labels if scene.language == "en" else []  # COCO's names are English
    words = content_words(" . ".join([scene.description, *scene.text, *named]), scene.language)
    return Look(photo, scene, words, words | set(labels), photo.duplicate_of is None)


def _alike(one: Look, other: Look) -> bool:
    both = one.things | other.things
    return not both or len(one.things & other.things) >= _SAME_SCENE * len(both)


def _same(one: SeenRisk, other: SeenRisk) -> bool:
    if one.kind != other.kind:
        return False
    if one.kind not in _GENERAL_KINDS:
        return True
    return one.text == other.text or overlap(one.words, other.words) >= _SAME_RISK


def _joined(earlier: SeenRisk, later: SeenRisk) -> SeenRisk:
    again = earlier.looks[-1].frame_id == later.looks[0].frame_id  # a photo may show a kind twice
    looks = earlier.looks if again else (*earlier.looks, *later.looks)
    graver = later if later.severity.rank > earlier.severity.rank else earlier
    return replace(graver, looks=looks, words=earlier.words | later.words)
