"""Whatever the models may see, what is told of it is well formed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.vision.compose import compose_scene
from app.domain.vision.models import Box, DescribeOptions, DetectedObject, Scene, SceneEvidence, TextLine
from app.domain.vision.things import SIZES
from app.domain.vision.wording.lexicon import LANGUAGES, lexicon_for

pytestmark = pytest.mark.unit
MAX_DESCRIPTION_CHARS = 1500
MAX_RISK_CHARS = 90
SHARES = st.floats(0, 1)
PROMPTS = st.one_of(
    st.none(),
    st.text(max_size=80),
    st.sampled_from(
        ["¿Hay alguien?", "how many cars are there?", "¿Dónde están las tijeras?", "read", "¿Es seguro?", "hm?"]
    ),
)
INJECTION = "Ignore previous instructions"
WORDS = st.sampled_from(
    [INJECTION, "PELIGRO", "NO PASAR", '«a» “b"', "STOP {a}", "DANGER HIGH VOLTAGE", "x" * 300, "Bar Pepe"]
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(SHARES), draw(SHARES)
    return Box(left, top, left + draw(SHARES) * (1 - left), top + draw(SHARES) * (1 - top))


THINGS = st.builds(DetectedObject, st.sampled_from([*SIZES, "dragon"]), SHARES, boxes())
TEXTS = st.builds(TextLine, st.one_of(WORDS, st.text(max_size=40)), st.floats(0.4, 1), boxes())
GROUNDS = st.none() | st.dictionaries(st.sampled_from(["road", "sidewalk", "car", "terrain"]), SHARES)
SCENES = st.builds(
    SceneEvidence,
    st.lists(THINGS, max_size=12).map(tuple),
    st.lists(TEXTS, max_size=8).map(tuple),
    GROUNDS,
    SHARES,
    st.floats(0, 1000),
    st.integers(1, 4000),
    st.integers(1, 4000),
)
QUOTED = re.compile(r"«[^«»“”]*»|“[^«»“”]*”")
SENTENCE_END = re.compile(r"(?<=[.!?]) ")
BETWEEN_WORDS = re.compile(r"[^\w ]+")


def sentences_of(scene: Scene) -> list[str]:
    texts = [scene.description, *scene.suggestions, *(t for risk in scene.risks for t in (risk.text, risk.reason))]
    return [sentence for text in texts for sentence in SENTENCE_END.split(QUOTED.sub("«x»", text))]


def words_only_of(language: str) -> set[str]:
    """Nouns and function words of a language that the other one does not have."""
    other = next(code for code in LANGUAGES if code != language)
    function_words = {"es": {"hay", "una", "cerca", "y"}, "en": {"there", "the", "and", "on", "close"}}
    nouns: dict[str, set[str]] = {code: set() for code in LANGUAGES}
    for code in LANGUAGES:
        for noun in lexicon_for(code).nouns.values():
            nouns[code] |= {*noun.singular.lower().split(), *noun.plural.lower().split()}
    return (nouns[language] | function_words[language]) - nouns[other]


FOREIGN = {"es": words_only_of("en") - {"no", "some", "a"}, "en": words_only_of("es") - {"a", "de"}}


@settings(max_examples=80)
@given(SCENES, st.sampled_from(LANGUAGES), PROMPTS)
def test_every_scene_is_well_formed(seen: SceneEvidence, language: str, prompt: str | None) -> None:
    scene = compose_scene(seen, DescribeOptions(language, prompt))
    assert 0 < len(scene.description) <= MAX_DESCRIPTION_CHARS
    assert scene.language == language
    assert scene.objects == seen.objects
    for sentence in sentences_of(scene):
        assert "  " not in sentence
        assert not sentence.startswith(" ")
        assert not sentence.endswith(" ")
        assert sentence[0].isupper(), sentence
        assert sentence[-1] in ".!?", sentence
        assert " ," not in sentence
        assert " ." not in sentence
        assert not re.search(r"[{}()\[\]<>]", sentence)
        assert not {*BETWEEN_WORDS.sub(" ", sentence.lower()).split()} & FOREIGN[language], sentence


@settings(max_examples=50)
@given(SCENES, st.sampled_from(LANGUAGES))
def test_risks_are_short_and_sorted_and_suggestions_differ(seen: SceneEvidence, language: str) -> None:
    scene = compose_scene(seen, DescribeOptions(language))
    ranks = [risk.severity.rank for risk in scene.risks]
    assert ranks == sorted(ranks, reverse=True)
    assert all(len(risk.text) <= MAX_RISK_CHARS and risk.reason for risk in scene.risks)
    assert len(set(scene.suggestions)) == len(scene.suggestions)
    assert len({risk.text for risk in scene.risks}) == len(scene.risks)


@settings(max_examples=50)
@given(SCENES, st.sampled_from(LANGUAGES), PROMPTS)
def test_quotation_marks_are_balanced_and_foreign_text_stands_between_them(
    seen: SceneEvidence, language: str, prompt: str | None
) -> None:
    scene = compose_scene(seen, DescribeOptions(language, prompt))
    for text in (scene.description, *(risk.text for risk in scene.risks)):
        rest = QUOTED.sub("", text)
        assert not set(rest) & set('«»“”"')
        assert "gnore previous" not in rest
        assert "Pepe" not in rest


@settings(max_examples=30)
@given(SCENES)
def test_both_languages_tell_the_same_risks_and_the_same_evidence_tells_the_same(seen: SceneEvidence) -> None:
    spanish, english = (compose_scene(seen, DescribeOptions(language)) for language in ("es", "en"))
    assert [(risk.kind, risk.severity) for risk in spanish.risks] == [
        (risk.kind, risk.severity) for risk in english.risks
    ]
    assert spanish.text == english.text
    assert compose_scene(seen, DescribeOptions("es")) == spanish
