"""How English and Spanish speak of days and times, as data for ``due``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_EN_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_EN_NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ES_NUMBERS = [
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciseis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidos",
    "veintitres",
    "veinticuatro",
    "veinticinco",
    "veintiseis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
    "treinta",
]


@dataclass(frozen=True)
class DueWords:
    """One language's way of speaking of time; all words in lower case without accents.

    Attributes:
        phrases: regular expressions of what is said about when something is due; the longest match counts.
        events: like ``phrases``, for things that happen; they count if none of the others is found.
        days: words for days counted from today.
        weekdays: Monday first.
        months: January first.
        numbers: words for numbers and ordinals.
        units: words for units, in days.
        after: a regular expression for "in N units"; groups ``count`` and ``unit``.
        month_end: a regular expression for the end of a month; group ``month`` if one is named.
        date: a regular expression for a day of a month; groups ``day`` and ``month`` (may be absent).
        clock: a regular expression for a time of day; groups ``hour``, ``minute``, ``half`` (am or pm).
        afternoon: what ``half`` is for hours after noon.
    """

    phrases: tuple[str, ...]
    events: tuple[str, ...]
    days: Mapping[str, int]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    numbers: Mapping[str, int]
    units: Mapping[str, int]
    after: str
    month_end: str
    date: str
    clock: str
    afternoon: tuple[str, ...]
    patterns: tuple[re.Pattern[str], re.Pattern[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compile phrases and events once."""
        compiled = tuple(re.compile("|".join(f"(?:{one})" for one in group)) for group in (self.phrases, self.events))
        object.__setattr__(self, "patterns", compiled)


_EN_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_EN_PART = r"(?: (?:morning|afternoon|evening|night|at noon))?"
_EN_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_EN_NTH = r"(?:\d{1,2}(?:st|nd|rd|th)|" + "|".join(_EN_ORDINALS) + r"|twenty[ -]\w+|thirtieth|thirty[ -]first)"
_EN_LEAD = (
    r"(?:(?:by|before|until|till|on|for|not later than|no later than|by the end of|at the end of|before the end of|"
    r"end of|first thing) )?"
)
_EN_CLOCK = (
    r"(?: (?:at|by|before) (?:\d{1,2}(?::\d\d)?|half past \w+|noon|midnight|"
    + "|".join(_EN_NUMBERS)
    + r")(?: ?(?:am|pm|a\.m\.|p\.m\.|o'clock))?)?"
)

ENGLISH_DUE = DueWords(
    phrases=(
        rf"\b{_EN_LEAD}(?:this |next |the following )?{_EN_DAY}{_EN_PART}{_EN_CLOCK}\b",
        rf"\b{_EN_LEAD}(?:today|tonight|tomorrow|the day after tomorrow){_EN_PART}{_EN_CLOCK}\b",
        rf"\b{_EN_LEAD}this (?:morning|afternoon|evening|week|weekend|month)\b",
        r"\b(?:right away|right now|straight away|right after this|immediately|as soon as possible|asap|at once)\b",
        rf"\b(?:by|before|on|until|at|in|for) (?:the )?(?:end|beginning|start|middle) of (?:the |this |next "
        rf")?(?:day|week|month|year|{_EN_MONTH})\b",
        r"\bbefore (?:the|this) (?:week|month|year|day) is (?:over|out)\b",
        rf"\b{_EN_LEAD}next (?:week|month|year|time|weekend)\b",
        rf"\b(?:with)?in (?:the next )?(?:a|an|\d+|a couple of|{'|'.join(_EN_NUMBERS)}) (?:day|week|month|hour|"
        rf"minute)s?\b",
        rf"\b(?:by|before|on|until|for) (?:the )?{_EN_NTH}(?: of {_EN_MONTH})?{_EN_CLOCK}(?!\w)",
        rf"\b(?:by|before|on|until|in|for) {_EN_MONTH}(?: (?:the )?(?:{_EN_NTH}|\d{{1,2}}))?\b",
        rf"\b(?:by|before|until|at) (?:\d{{1,2}}(?::\d\d)?|noon|midnight|{'|'.join(_EN_NUMBERS)})(?: ?(?:am|pm|"
        rf"o'clock))?(?= |[.,!?]|$)(?! \w+s\b)",
        r"\b(?:by|before|until) (?:easter|christmas|new year|lunch|dinner|noon|then|our next \w+|the next \w+|"
        r"the \w+ (?:starts|begins|opens|arrives))\b",
        rf"\b(?:{'|'.join(_EN_NUMBERS)}|a|\d+) (?:day|week|month|hour)s? (?:before(?: the \w+)?|from now)",
        r"\bon the (?:day|morning|evening|afternoon|night) of the \w+\b",
        r"\b(?:by|before) the (?:meeting|weekend|deadline|opening|concert|party|trip|wedding|holidays?|summer|"
        r"winter|event)\b",
        rf"\bevery (?:day|week|month|{_EN_DAY})\b",
    ),
    events=(
        r"\b(?:as soon as|before|until|once|when) (?:i|you|we|he|she|they|it|anyone|anybody|everybody|everyone|(?:the|my|your|our) \w+)"
        r"(?:'s|'re|'ve)? \w+(?: \w+){0,4}(?=[,.!?]|$)",
        r"\b(?:before|after) (?:dark|that|work|school|the \w+)\b",
        r"\bthe (?:night|day|week|morning|evening) before\b",
    ),
    days={
        "today": 0,
        "tonight": 0,
        "this morning": 0,
        "this afternoon": 0,
        "this evening": 0,
        "the day after tomorrow": 2,
        "tomorrow": 1,
    },
    weekdays=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    months=tuple(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ]
    ),
    numbers={
        **{word: number for number, word in enumerate(_EN_ORDINALS, 1)},
        **{word: number for number, word in enumerate(_EN_NUMBERS, 1)},
        **{f"twenty{mark}{word}": 20 + number for number, word in enumerate(_EN_ORDINALS[:9], 1) for mark in " -"},
        **{"a": 1, "an": 1, "thirtieth": 30, "thirty first": 31, "thirty-first": 31},
    },
    units={"day": 1, "week": 7},
    after=r"\bin (?:the next )?(?P<count>\w+) (?P<unit>day|week)s?\b|\b(?P<count2>\w+) (?P<unit2>day|week)s? from now",
    month_end=rf"\bend of (?:the |this )?(?P<month>month|{_EN_MONTH})\b",
    date=rf"\b(?P<day>{_EN_NTH})(?: of (?P<month>{_EN_MONTH}))?(?!\w)|"
    rf"\b(?P<month2>{_EN_MONTH}) (?:the )?(?P<day2>{_EN_NTH}|\d{{1,2}})(?!\w)",
    clock=r"\b(?:at|by|before) (?P<hour>\d{1,2}|"
    + "|".join(_EN_NUMBERS)
    + r")(?::(?P<minute>[0-5]\d))? ?(?P<half>am|pm)\b|\b(?P<hour2>[01]?\d|2[0-3]):(?P<minute2>[0-5]\d)\b",
    afternoon=("pm",),
)

_ES_DAY = r"(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo)"
_ES_PART = r"(?: (?:por la (?:manana|tarde|noche)|a primera hora|a mediodia|a ultima hora|sin falta|mismo))*"
_ES_MONTH = r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)"
_ES_NUMBER = r"(?:\d{1,2}|" + "|".join(_ES_NUMBERS) + r"|treinta y uno|primero)"
_ES_LEAD = r"(?:(?:antes del?|para|hasta|a partir del?|desde) )?"
_ES_CLOCK = (
    rf"(?: (?:a|antes de|sobre) las? {_ES_NUMBER}(?::\d\d| y media| y cuarto)?(?: de la (?:manana|tarde|noche))?)?"
)

SPANISH_DUE = DueWords(
    phrases=(
        rf"(?<!del )(?<!todos los )(?<!cada )\b{_ES_LEAD}(?:(?:el|este|al) )?(?:proximo )?{_ES_DAY}(?: que viene| proximo| "
        rf"siguiente)?{_ES_PART}{_ES_CLOCK}\b",
        rf"\b{_ES_LEAD}(?:hoy|pasado manana){_ES_PART}{_ES_CLOCK}\b",
        rf"(?<!por la )(?<!de la )(?<!esta )\b{_ES_LEAD}(?<!la )manana{_ES_PART}{_ES_CLOCK}\b",
        rf"\b{_ES_LEAD}esta (?:misma )?(?:tarde|noche|manana|semana){_ES_CLOCK}\b",
        rf"\b{_ES_LEAD}este (?:mismo )?(?:mes|fin de semana|ano|trimestre|verano|invierno)\b",
        r"\b(?:cuanto antes|lo antes posible|ahora mismo|en cuanto pueda|al ratito|enseguida|ya mismo|"
        r"inmediatamente)\b",
        rf"\b{_ES_LEAD}(?:la semana|el mes|el ano|el fin de semana) (?:que viene|proxim[oa])\b",
        rf"\b{_ES_LEAD}(?:la|el) proxim[oa] (?:semana|mes|ano|reunion|vez)\b",
        rf"\b(?:antes de|a|para|hasta|en)l? ?(?:finales|principios|mediados|el fin|fin|final) de(?:l)? ?(?:la |"
        rf"este |el )?(?:mes|semana|ano|dia|curso|trimestre|{_ES_MONTH})\b",
        r"\bantes de que (?:acabe|termine|empiece|llegue) (?:el|la|los|las) \w+\b",
        rf"\b(?:en|dentro de) (?:un|una|un par de|{_ES_NUMBER}) (?:dia|semana|mes|hora|minuto)(?:s|es)?\b",
        rf"\b(?:para el|antes del|hasta el|el|del) (?:dia )?{_ES_NUMBER}(?: de {_ES_MONTH}){_ES_CLOCK}",
        rf"\b(?:para el|antes del|hasta el|el) dia {_ES_NUMBER}\b",
        rf"\b(?:para el|antes del|hasta el) {_ES_NUMBER}(?= |[.,!?]|$)(?! (?:por|\w+s)\b)",
        rf"\b(?:para|en|antes de|hasta) {_ES_MONTH}\b",
        rf"\b(?:a|antes de|para|sobre) las? {_ES_NUMBER}(?::\d\d| y media| y cuarto)?(?: de la (?:manana|tarde|"
        rf"noche))?\b",
        rf"\b(?:{_ES_NUMBER}|un|una) (?:dia|semana|mes|hora)(?:s|es)? antes(?: del? (?:la )?\w+)?\b",
        r"\b(?:antes de|para|hasta) (?:navidad|navidades|semana santa|el verano|la boda|la fiesta|la reunion|"
        r"comer|entonces|las vacaciones)\b",
        r"\ba primera hora\b",
    ),
    events=(
        r"\b(?:manana temprano|en la (?:noche|tarde|manana))\b",
        r"\b(?:en cuanto|cuando|antes de que|despues de que) (?:me |te |se |le |lo |la |nos )?\w+(?: \w+){0,4}(?=[,.!?]|$)",
        r"\b(?:antes|despues) de(?:l| la| los| las) \w+\b",
    ),
    days={
        "pasado manana": 2,
        "hoy": 0,
        "esta tarde": 0,
        "esta noche": 0,
        "esta misma tarde": 0,
        "esta misma noche": 0,
        "esta manana": 0,
    },
    weekdays=("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo"),
    months=tuple(
        [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ]
    ),
    numbers={
        **{word: number for number, word in enumerate(_ES_NUMBERS, 1)},
        **{"un": 1, "una": 1, "primero": 1, "treinta y uno": 31},
    },
    units={"dia": 1, "semana": 7},
    after=r"\b(?:en|dentro de) (?P<count>\w+) (?P<unit>dia|semana)s?\b|(?P<count2>(?!))(?P<unit2>(?!))",
    month_end=rf"\b(?:finales|fin|final) de(?:l)? ?(?:este |el )?(?P<month>mes|{_ES_MONTH})\b",
    date=rf"\b(?:el|del|dia) (?:dia )?(?P<day>{_ES_NUMBER})(?: de (?P<month>{_ES_MONTH}))?(?!\w)|(?P<month2>(?!))(?P<day2>(?!))",
    clock=rf"\blas? (?P<hour>{_ES_NUMBER})(?::(?P<minute>[0-5]\d))? de la (?P<half>manana|tarde|noche)\b|"
    rf"\b(?P<hour2>[01]?\d|2[0-3]):(?P<minute2>[0-5]\d)\b",
    afternoon=("tarde", "noche"),
)

DUE_WORDS: Mapping[str, DueWords] = {"en": ENGLISH_DUE, "es": SPANISH_DUE}
