"""Words and turns of phrase that tell what a sentence does, by language.

They are data: ``lexicons/<language>.txt`` has sections of regular expressions, one a line, that are matched without regard to case.
Expressions that occur in several lines stand in the section ``fragments`` as ``name: expression``, and in the lines as ``<<name>>``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("lexicons")
_WORD_LISTS = ("stop_words", "not_names", "scenery", "short_things")


@dataclass(frozen=True)
class Lexicon:
    """One language's turns of phrase.

    The sections are::

        promises: the speaker says that he or she will do something.
        empty_promises: sound like promises and are none.
        requests: somebody is asked to do something.
        courtesies: requests that are done with the moment ("pass me the salt").
        needs: something must be done, without saying by whom.
        others_will: somebody who is talked about will do something.
        past: what happened already.
        hypotheses: what is only imagined.
        decisions: something is settled.
        proposals: something is suggested.
        acceptances: what an agreeing answer begins with.
        refusals: what a refusing answer begins with, or is.
        changes: an earlier decision is taken back.
        unknowns: nobody knows, or it is left for later.
        postponements: a matter is left open on purpose.
        doubts: a sentence that is itself an open question ("it is not clear whether").
        answers: what an answer to a yes-no question begins with.
        dangers: something may go wrong.
        reliefs: a worry is laughed away or taken care of.
        choices: a question between alternatives.
        thanks: thanks and praise.
        greetings: small talk at the beginning and end.
        third_person: what a sentence about somebody who was just named begins with.
        appositions: what follows a name that is explained, not called.
        lead_ins: words before the sentence proper, from its beginning.
        task_openings: what comes before the verb of a task ("I'll", "somebody has to").
        step_marks: "first", "then" and what else comes before a step.
        offers: the speaker asks whether he or she shall do something.
        conclusions: how a choice is concluded ("blue, then").
        titles: what comes before a name and belongs to it, at the end of a text.
        unassigned: a task is left without somebody who does it.
        roles: somebody is called by what he or she is, in a group ``role``, not by a name.
        negations: "not" and its kin.
        procedures: the conversation itself is begun, moved on or ended.
        conditions: a condition with its consequence.
        introductions: the speaker says his or her own name, in a group ``name``.
        pointers: the speaker points at something that can be seen.
        photo_leads: what stands before a whole sentence of such a description and adds nothing.
        photo_openings: what descriptions of photos begin with before they come to the matter.
        photo_impressions: sentences of descriptions of photos that only name the place.
        photo_caveats: sentences of descriptions of photos that tell nothing of what they show.

    Attributes:
        language: ISO 639-1.
        phrases: the sections' regular expressions, joined.
        stop_words: words without content.
        not_names: capitalised words that are no names.
        scenery: words of descriptions of photos that do not tell one photo from another.
        short_things: names of things, in two or three letters.
    """

    language: str
    phrases: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    stop_words: frozenset[str] = frozenset()
    not_names: frozenset[str] = frozenset()
    scenery: frozenset[str] = frozenset()
    short_things: frozenset[str] = frozenset()

    def says(self, what: str, text: str) -> bool:
        """Whether ``text`` has a turn of phrase of the section ``what``."""
        return self.find(what, text) is not None

    def find(self, what: str, text: str) -> re.Match[str] | None:
        """The first turn of phrase of the section ``what`` in ``text``."""
        pattern = self.phrases.get(what)
        return pattern.search(text) if pattern is not None else None


@cache
def lexicon_for(language: str) -> Lexicon:
    """The lexicon of a language (ISO 639-1); an empty one, which leaves everything to the model, if there is none."""
    path = _FOLDER / f"{language}.txt"
    if not language.isalpha() or not path.is_file():
        return Lexicon(language)
    sections = read_sections(path)
    words = {name: frozenset(" ".join(sections.pop(name, [])).split()) for name in _WORD_LISTS}
    return Lexicon(
        language,
        {name: re.compile("|".join(lines), re.IGNORECASE) for name, lines in sections.items()},
        **words,
    )


def read_sections(path: Path) -> dict[str, list[str]]:
    """The lines of a lexicon file by section, with fragments put in; titles are identifiers, joined by full stops."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1].replace(".", "").isidentifier():
            name = line[1:-1]
        elif line and not line.startswith("#"):
            sections.setdefault(name, []).append(line)
    for fragment in sections.pop("fragments", []):
        name, _, expression = fragment.partition(": ")
        sections = {title: [e.replace(f"<<{name}>>", expression) for e in lines] for title, lines in sections.items()}
    return sections
