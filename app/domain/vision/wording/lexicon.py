"""A language's words: names of things with their grammar, and the sentences that they go into.

They are data: ``<language>.toml`` and ``risks_<language>.toml`` beside this file.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
LANGUAGES = ("en", "es")
_SPELLED_UP_TO = 12
"""Larger numbers are written in digits, as both languages allow; speech synthesis reads them."""


@dataclass(frozen=True)
class Noun:
    """What a class of things is called.

    Attributes:
        singular: of one.
        plural: of several.
        kind: of noun: the key of its articles.
        asked_as: what else people call it.
    """

    singular: str
    plural: str
    kind: str
    asked_as: tuple[str, ...]

    @property
    def plural_in_form(self) -> bool:
        """Whether even one takes a plural verb (unas tijeras)."""
        return self.kind.endswith("p")


@dataclass(frozen=True)
class Lexicon:
    """One language.

    Attributes:
        language: ISO 639-1.
        nouns: by COCO label.
        kinds: labels by the name of what they have in common ("animals").
        parts: the other sections of the file.
        risks: what is said of findings, by kind and case.
        suggestions: by key.
    """

    language: str
    nouns: Mapping[str, Noun]
    kinds: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, Any]
    risks: Mapping[str, Mapping[str, Mapping[str, str]]]
    suggestions: Mapping[str, str]

    def within(self, setting: str | None) -> "Lexicon":
        """The same language with the names that things have in a kind of place."""
        names: Mapping[str, Sequence[str]] = self.parts["nouns_in"].get(setting, {})
        return replace(self, nouns={**self.nouns, **{label: _noun(words) for label, words in names.items()}})

    def say(self, section: str, key: str, **words: str) -> str:
        """A sentence or a part of one, filled in."""
        template: str = self.parts[section][key]
        return template.format(**words)

    def amount(self, label: str, count: int, *, again: bool = False) -> str:
        """So many things: "un perro", "tres perros"; with ``again``, "otros tres perros"."""
        noun = self.nouns[label]
        if count == 1:
            return f"{self._article(noun.kind, 2 if again else 0)} {noun.singular}"
        number = self.number(count, noun)
        if not again:
            return f"{number} {noun.plural}"
        another = self._article(f"plural_{noun.kind[0]}", 2)
        return self.say("grammar", "more", another=another, number=number, noun=noun.plural)

    def another(self, label: str, count: int) -> str:
        """So many more of what was just named: "otra", "otras dos"."""
        noun = self.nouns[label]
        if count == 1:
            return self._article(noun.kind, 2)
        another = self._article(f"plural_{noun.kind[0]}", 2)
        return self.say("grammar", "more", another=another, number=self.number(count, noun), noun="").strip()

    def at_least(self, label: str, count: int) -> str:
        """So many things or more: "al menos un perro"."""
        noun = self.nouns[label]
        one = count == 1 and not noun.plural_in_form
        amount = f"{self.number(1, noun)} {noun.singular}" if one else self.amount(label, count)
        return self.say("grammar", "at_least", amount=amount)

    def number(self, count: int, noun: Noun) -> str:
        """A number before a noun, in words if it is small."""
        numbers = self.parts["numbers"]
        words: Sequence[str] = numbers.get(noun.kind[0], next(iter(numbers.values())))
        return words[count] if count <= _SPELLED_UP_TO else str(count)

    def the(self, label: str, count: int = 1) -> str:
        """The thing, or the things."""
        noun = self.nouns[label]
        if count == 1:
            return f"{self._article(noun.kind, 1)} {noun.singular}"
        return f"{self._article(f'plural_{noun.kind[0]}', 1)} {noun.plural}"

    def none_of(self, label: str) -> str:
        """No such thing."""
        noun = self.nouns[label]
        return noun.plural if noun.plural_in_form else f"{self._article(noun.kind, 3)} {noun.singular}"

    def verb(self, verb: str, plural: bool) -> str:
        """The form of a verb for one or for several."""
        many = {"is": "are", "is_located": "are_located"}.get(verb, f"{verb}_many")
        return self.say("grammar", many if plural else verb)

    def listed(self, items: Sequence[str]) -> str:
        """Joined as the language does: one; one and two; one, two and three."""
        if len(items) < 2:
            return "".join(items)
        return ", ".join(items[:-1]) + self.say("grammar", "and") + items[-1]

    def quoted(self, text: str) -> str:
        """A foreign text between quotation marks."""
        return self.say("grammar", "quote", text=text)

    def _article(self, kind: str, index: int) -> str:
        article: str = self.parts["articles"][kind][index]
        return article


@cache
def lexicon_for(language: str) -> Lexicon:
    """The lexicon of a language; English for those that have none."""
    primary = language.split("-")[0].lower()
    code = primary if primary in LANGUAGES else "en"
    words = tomllib.loads((_FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
    risks = tomllib.loads((_FOLDER / f"risks_{code}.toml").read_text(encoding="utf-8"))
    return Lexicon(
        language=code,
        nouns={label: _noun(forms) for label, forms in words["nouns"].items()},
        kinds={name: tuple(labels) for name, labels in words["kinds"].items()},
        parts=words,
        suggestions=risks.pop("suggestions"),
        risks=risks,
    )


def _noun(words: Sequence[str]) -> Noun:
    singular, plural, kind, *asked_as = words
    return Noun(singular, plural, kind, tuple(asked_as))
