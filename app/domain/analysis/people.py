"""Who is called what: names that were said, and which speaker answers to them."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from app.domain.analysis.lexicon import Lexicon
from app.domain.analysis.sentences import Sentence
from app.domain.analysis.words import plain

_NAME = r"[A-ZÁÉÍÓÚÑÜ][\w-]*[a-záéíóúñü](?!\w|['’]\w)"
_VOCATIVE = re.compile(rf"[¿¡ ,]*(?P<name>{_NAME}),")
_CLOSING_VOCATIVE = re.compile(rf", (?P<name>{_NAME})(?=[?!.…]+$|, )")
_CAPITALISED = re.compile(rf"(?<![\w'’]){_NAME}")
_INSIDE = re.compile(rf"(?<=[a-záéíóúñü,;] ){_NAME}")
_LOWER_CASE = re.compile(r"(?<![\w'’])[a-záéíóúñü][\w'’-]*")
_CONTRACTION = re.compile(r"['’](?:s|ll|d)\b")
_MIN_VOTES = 1.5
"""Set by hand on evaluation/practice: one question by name that is answered (2) is enough, one mere mention (1) is not. Lower gives
speakers wrong names; higher leaves them without one."""


class People:
    """The speakers of a transcript and the names in it."""

    def __init__(self, sentences: Sequence[Sentence], lexicon: Lexicon, given: Mapping[str, str]) -> None:
        """Read the names.

        Args:
            sentences: the whole transcript.
            lexicon: of its language.
            given: speaker label to the name that the user gave.
        """
        self._lexicon = lexicon
        texts = [sentence.text for sentence in sentences]
        self._common = frozenset(word for text in texts for word in _LOWER_CASE.findall(text))
        self._inside = frozenset(match.group() for text in texts for match in _INSIDE.finditer(text))
        self.speakers = tuple(dict.fromkeys(s.speaker for s in sentences if s.speaker))
        self._by_name = {plain(name): label for label, name in given.items() if label in self.speakers and name}
        self._by_name.update({plain(name.split()[0]): label for name, label in self._guess(sentences, given)})

    def speaker_called(self, name: str) -> str | None:
        """The label of the speaker of that name, if it is known; a title before it does not matter."""
        return self._by_name.get(plain(name)) or self._by_name.get(plain(name.split()[-1]))

    def owner_called(self, name: str) -> str:
        """The label if the name is a speaker's, else the name as said."""
        return self.speaker_called(name) or name

    def addressed(self, text: str) -> str | None:
        """The name that a sentence speaks to ("Tomás, close the door")."""
        lead = self._lexicon.find("lead_ins", text)
        opening = _VOCATIVE.match(text, lead.end() if lead is not None else 0)
        if opening is not None and self._is_name(opening["name"]) and self._is_spoken_to(opening, text):
            return opening["name"]
        closing = (match["name"] for match in _CLOSING_VOCATIVE.finditer(text))
        return next((name for name in closing if self._is_name(name)), None)

    def mentioned(self, text: str) -> list[str]:
        """Names in a sentence, in order; a first word only counts if it is a name inside another sentence, or does something."""
        return [
            self._titled(match, text)
            for match in _CAPITALISED.finditer(text)
            if self._is_name(match.group())
            and (match.start() > 0 or match.group() in self._inside or self._acts(match.group(), text))
        ]

    def acting(self, text: str) -> str | None:
        """The name of somebody who is talked about and will do something ("Ana's bringing the cups")."""
        found = self._lexicon.find("others_will", text)
        doing = _CONTRACTION.sub("", found.group()) if found is not None else ""
        names = (self._titled(m, doing) for m in _CAPITALISED.finditer(doing) if self._is_name(m.group()))
        return next(names, None)

    def _titled(self, name: re.Match[str], text: str) -> str:
        title = self._lexicon.find("titles", text[: name.start()].rstrip())
        return f"{title.group()} {name.group()}" if title is not None else name.group()

    def _acts(self, name: str, text: str) -> bool:
        acting = self._lexicon.find("others_will", text)
        return acting is not None and acting.group().startswith(name)

    def _is_name(self, word: str) -> bool:
        low = word.lower()
        return low not in self._lexicon.not_names and low not in self._lexicon.stop_words and low not in self._common

    def _is_spoken_to(self, name: re.Match[str], text: str) -> bool:
        """Whether a first word is no mere first word: it is asked for something, or is a name elsewhere too."""
        if self._lexicon.says("appositions", text[name.end() :]):
            return False
        return text.endswith("?") or self._lexicon.says("requests", text) or name["name"] in self._inside

    def _guess(self, sentences: Sequence[Sentence], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        votes: dict[tuple[str, str], float] = defaultdict(float)
        turns = list(turns_of(sentences))
        for number, turn in enumerate(turns):
            before = turns[number - 1][0].speaker if number else None
            after = turns[number + 1][0].speaker if number + 1 < len(turns) else None
            for place, sentence in enumerate(turn):
                introduced = self._lexicon.find("introductions", sentence.text)
                if introduced and sentence.speaker and self._is_name(introduced["name"]):
                    votes[introduced["name"], sentence.speaker] += 3
                name = self.addressed(sentence.text)
                following = turn[place + 1].text if place + 1 < len(turn) else ""
                if name and not self._lexicon.says("third_person", following):
                    asks = self._lexicon.says("requests", sentence.text) or sentence.text.endswith("?")
                    weights = (2.0, 1.0) if asks else (0.5, 1.0)
                    for speaker, weight in zip((after, before), weights, strict=True):
                        if speaker and speaker != sentence.speaker:
                            votes[name, speaker] += weight
                    if sentence.speaker:
                        votes[name, sentence.speaker] -= 3
        taken = set(given)
        named = {plain(name) for name in given.values()}
        for (name, speaker), count in sorted(votes.items(), key=lambda vote: -vote[1]):
            if count >= _MIN_VOTES and speaker not in taken and plain(name) not in named:
                taken.add(speaker)
                named.add(plain(name))
                yield name, speaker


def turns_of(sentences: Sequence[Sentence]) -> Iterator[list[Sentence]]:
    """Runs of sentences of the same speaker."""
    turn: list[Sentence] = []
    for sentence in sentences:
        if turn and sentence.speaker != turn[-1].speaker:
            yield turn
            turn = []
        turn.append(sentence)
    if turn:
        yield turn
