"""How a summary tells of photos, by language: the words, and when something was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

AT_FIRST_S = 10.0
"""Up to then something was "at the start"; later times are told in steps of five seconds, from a minute on in whole minutes."""
_STEP_S = 5
_MINUTE_S, _HOUR_S = 60, 3_600


@dataclass(frozen=True)
class PhotoWording:
    """One language's phrases.

    Attributes:
        moment: seconds on the clock to "after 2 minutes".
        length: seconds, at least two, to "5 minutes".
        seen: what photos show in a session in which people spoke; of one photo ``seen_in_one``, with its ``moment``.
        risk: heading of one risk; ``risks`` of several; with ``in_photo`` or ``in_photos`` where risks that were said are told too.
        also: instead of a moment that was just named.
        taken_one: a single photo, in a session without words.
        taken: several, with ``count`` and ``length``; ``taken_at_once`` if no time lies between them.
        alike: what all of them show.
        one_repeats: of a photo that shows nearly what another one does; ``some_repeat`` of several, with ``count``.
        nothing_seen: of a photo in which nothing was recognised.
        some_text: of one that shows text which is not quoted.
        first: before what the first of several shows; ``last`` before the last of three or more, ``then`` of two.
        none_described: with ``count``; ``one_not_described`` of a single photo.
        some_missing: a note, with ``missing`` and ``count``; ``one_missing`` of one.
    """

    moment: Callable[[float], str]
    length: Callable[[float], str]
    seen: str
    seen_in_one: str
    risk: str
    risks: str
    in_photo: str
    in_photos: str
    also: str
    taken_one: str
    taken: str
    taken_at_once: str
    alike: str
    one_repeats: str
    some_repeat: str
    nothing_seen: str
    some_text: str
    first: str
    then: str
    last: str
    one_not_described: str
    none_described: str
    one_missing: str
    some_missing: str


def photo_wording(language: str) -> PhotoWording:
    """The phrases of a language (ISO 639-1); English for those without their own."""
    return _BY_LANGUAGE.get(language, _ENGLISH)


def _english_moment(offset_s: float) -> str:
    if offset_s < 0:
        return "before the start"
    if offset_s < AT_FIRST_S:
        return "at the start"
    return f"after {_english_length(_stepped(offset_s), one='a')}"


def _english_length(seconds: float, one: str = "1") -> str:
    if seconds < _MINUTE_S:
        return f"{round(seconds)} seconds"
    hours, minutes = _hours_and_minutes(seconds)
    spoken_hours = f"{'an' if one == 'a' else one} hour" if hours == 1 else f"{hours} hours"
    spoken_minutes = f"{one} minute" if minutes == 1 else f"{minutes} minutes"
    if not hours:
        return spoken_minutes
    return f"{spoken_hours} and {spoken_minutes}" if minutes else spoken_hours


def _spanish_moment(offset_s: float) -> str:
    if offset_s < 0:
        return "antes de empezar"
    if offset_s < AT_FIRST_S:
        return "al principio"
    if _stepped(offset_s) < _MINUTE_S:
        return f"a los {_stepped(offset_s)} segundos"
    hours, minutes = _hours_and_minutes(offset_s)
    if not hours:
        return "al cabo de un minuto" if minutes == 1 else f"a los {minutes} minutos"
    whole = "a la hora" if hours == 1 else f"a las {hours} horas"
    return f"{whole} y {_spanish_minutes(minutes)}" if minutes else whole


def _spanish_length(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{round(seconds)} segundos"
    hours, minutes = _hours_and_minutes(seconds)
    if not hours:
        return _spanish_minutes(minutes)
    whole = "una hora" if hours == 1 else f"{hours} horas"
    return f"{whole} y {_spanish_minutes(minutes)}" if minutes else whole


def _spanish_minutes(minutes: int) -> str:
    return "un minuto" if minutes == 1 else f"{minutes} minutos"


def _stepped(seconds: float) -> int:
    return _STEP_S * round(seconds / _STEP_S)


def _hours_and_minutes(seconds: float) -> tuple[int, int]:
    return divmod(round(seconds / _MINUTE_S), _HOUR_S // _MINUTE_S)


_ENGLISH = PhotoWording(
    moment=_english_moment,
    length=_english_length,
    seen="Photos: {told}.",
    seen_in_one="Photo taken {moment}: {told}.",
    risk="Risk",
    risks="Risks",
    in_photo="in the photo",
    in_photos="in the photos",
    also="also",
    taken_one="One photo was taken: {told}.",
    taken="{count} photos were taken over {length}",
    taken_at_once="{count} photos were taken",
    alike=", all nearly the same: {told}.",
    one_repeats="One more looks much like one of these.",
    some_repeat="{count} more look much like these.",
    nothing_seen="nothing can be recognised",
    some_text="there is a written text",
    first="First",
    then="then",
    last="at the end",
    one_not_described="One photo was taken, but it could not be described.",
    none_described="{count} photos were taken, but none could be described.",
    one_missing="One of {count} photos could not be described.",
    some_missing="{missing} of {count} photos could not be described.",
)
_BY_LANGUAGE: Mapping[str, PhotoWording] = {
    "en": _ENGLISH,
    "es": PhotoWording(
        moment=_spanish_moment,
        length=_spanish_length,
        seen="Fotos: {told}.",
        seen_in_one="Foto hecha {moment}: {told}.",
        risk="Riesgo",
        risks="Riesgos",
        in_photo="en la foto",
        in_photos="en las fotos",
        also="también",
        taken_one="Se hizo una foto: {told}.",
        taken="Se hicieron {count} fotos en {length}",
        taken_at_once="Se hicieron {count} fotos",
        alike=", casi iguales: {told}.",
        one_repeats="Otra foto se parece mucho a una de estas.",
        some_repeat="Otras {count} fotos se parecen mucho a estas.",
        nothing_seen="no se reconoce nada",
        some_text="hay un texto escrito",
        first="Primero",
        then="después",
        last="al final",
        one_not_described="Se hizo una foto, pero no se pudo describir.",
        none_described="Se hicieron {count} fotos, pero no se pudo describir ninguna.",
        one_missing="De {count} fotos, una no se pudo describir.",
        some_missing="De {count} fotos, {missing} no se pudieron describir.",
    ),
}
