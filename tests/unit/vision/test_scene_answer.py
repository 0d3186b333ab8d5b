"""Whatever a vision-language model writes, it becomes a scene that can be told."""

import json
import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.vision.models import DescribeOptions, Scene, Severity
from app.domain.vision.scene_answer import scene_of_answer
from app.domain.vision.scene_prompt import (
    LANGUAGES,
    MAX_DESCRIPTION_CHARS,
    MAX_QUESTION_CHARS,
    MAX_RISKS,
    MAX_SENTENCE_CHARS,
    MAX_SUGGESTIONS,
    MAX_TEXT_CHARS,
    MAX_TEXT_LINES,
    RISK_KINDS,
    scene_instruction,
    scene_request,
    scene_schema,
)

pytestmark = pytest.mark.unit

CAR: dict[str, Any] = {
    "kind": "vehicle_near",
    "severity": "danger",
    "text": "A car comes from the left.",
    "reason": "It fills half of the photo.",
}
STAIRS = {"kind": "stairs", "severity": "warning", "text": "Steps go down ahead.", "reason": "Edges of treads."}
ANSWER: dict[str, Any] = {
    "description": "A street with a car. Ahead, steps go down.",
    "risks": [STAIRS, CAR],
    "suggestions": ["Wait until the car has passed."],
    "text": ["STOP", "{sale}"],
}
WRITTEN = json.dumps(ANSWER)


def check(scene: Scene) -> None:
    assert scene.description.strip()
    assert len(scene.description) <= MAX_DESCRIPTION_CHARS
    assert len(scene.risks) <= MAX_RISKS
    assert len(scene.suggestions) <= MAX_SUGGESTIONS
    assert len(scene.text) <= MAX_TEXT_LINES
    sentences = [scene.description, *scene.suggestions]
    for risk in scene.risks:
        assert risk.kind in RISK_KINDS
        assert risk.text.strip()
        sentences += [risk.text, risk.reason]
        assert max(len(risk.text), len(risk.reason)) <= MAX_SENTENCE_CHARS
    assert all(len(line) <= MAX_TEXT_CHARS for line in scene.text)
    shown = "".join([*sentences, *scene.text])
    assert not any(mark in "".join(sentences) for mark in "{}[]`")
    assert "<|" not in shown
    assert "|>" not in shown
    assert all(letter.isprintable() for letter in shown)
    shown.encode("utf-8")
    ranks = [risk.severity.rank for risk in scene.risks]
    assert ranks == sorted(ranks, reverse=True)


def test_a_good_answer_is_taken_as_it_is() -> None:
    scene = scene_of_answer(WRITTEN, "en")
    check(scene)
    assert scene.description == ANSWER["description"]
    assert [(risk.kind, risk.severity) for risk in scene.risks] == [
        ("vehicle_near", Severity.DANGER),
        ("stairs", Severity.WARNING),
    ]
    assert scene.risks[0].reason == "It fills half of the photo."
    assert scene.suggestions == ("Wait until the car has passed.",)
    assert scene.text == ("STOP", "{sale}")


@pytest.mark.parametrize(
    "written",
    [
        f"```json\n{WRITTEN}\n```",
        f"Sure! Here is {{what}} I see:\n{WRITTEN}\nI hope that helps.",
        f"<think>Hm, {{'risks': []}}?</think>{WRITTEN}<|im_end|><|im_start|>user",
        WRITTEN.replace("]", ",]").replace("}", ",}"),
        WRITTEN.replace('"', "'"),
        WRITTEN[:-1],
        WRITTEN.replace("Ahead,", "\n Ahead,"),
        json.dumps({"description": ANSWER["description"], "RISKS": [STAIRS, CAR]} | ANSWER),
    ],
)
def test_what_models_add_to_json_does_no_harm(written: str) -> None:
    scene = scene_of_answer(written, "en")
    assert scene.description == ANSWER["description"]
    assert [risk.kind for risk in scene.risks] == ["vehicle_near", "stairs"]
    assert scene.suggestions == ("Wait until the car has passed.",)


@given(st.integers(0, len(WRITTEN)))
def test_of_an_answer_that_was_cut_all_that_came_is_told(length: int) -> None:
    scene = scene_of_answer(WRITTEN[:length], "en")
    check(scene)
    if '"risks"' in WRITTEN[:length]:
        assert scene.description == ANSWER["description"]
    if '"suggestions"' in WRITTEN[:length]:
        assert [risk.text for risk in scene.risks] == [CAR["text"], STAIRS["text"]]


@given(st.text() | st.text(alphabet='{}[]",:\\ \n<|>abu0d8description'))
def test_any_text_becomes_a_scene(written: str) -> None:
    for language in LANGUAGES:
        check(scene_of_answer(written, language))


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=800),
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.sampled_from(["text", "kind", "severity", "reason", "description", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["description", "risks", "suggestions", "text"]), VALUES))
def test_fields_of_any_type_become_a_scene(fields: dict[str, Any]) -> None:
    check(scene_of_answer(json.dumps(fields), "es"))


@given(st.sampled_from(RISK_KINDS), st.sampled_from(list(Severity)), st.integers(1, 9))
def test_a_risk_that_is_told_twice_is_one(kind: str, severity: Severity, times: int) -> None:
    risk = {"kind": kind, "severity": severity.value, "text": "Cuidado.", "reason": ""}
    scene = scene_of_answer(json.dumps({"description": "Una calle.", "risks": [risk] * times}), "es")
    assert [(found.kind, found.severity) for found in scene.risks] == [(kind, severity)]


@pytest.mark.parametrize(
    ("risk", "kind", "severity"),
    [
        ({"kind": "Vehicle near", "severity": "HIGH", "text": "Un coche."}, "vehicle_near", Severity.DANGER),
        ({"kind": "dragon", "severity": "unheard of", "text": "Un dragón."}, "other", Severity.WARNING),
        ({"reason": "Hay humo."}, "other", Severity.WARNING),
        ("Hay fuego.", "other", Severity.WARNING),
        ({"kind": "stairs", "severity": "leve", "text": "Un escalón."}, "stairs", Severity.INFO),
    ],
)
def test_risks_in_unexpected_forms(risk: object, kind: str, severity: Severity) -> None:
    (found,) = scene_of_answer(json.dumps({"description": "Algo.", "risks": risk}), "es").risks
    assert (found.kind, found.severity) == (kind, severity)


def test_lists_that_say_that_they_are_empty_are_empty() -> None:
    scene = scene_of_answer(
        json.dumps({"description": "A sofa.", "risks": ["None."], "suggestions": "n/a", "text": []}), "en"
    )
    assert (scene.risks, scene.suggestions, scene.text) == ((), (), ())


def test_no_is_an_answer_to_a_question() -> None:
    assert scene_of_answer('{"description": "No.", "text": ["NO"]}', "es").description == "No."


def test_without_a_description_the_risks_are_told() -> None:
    assert scene_of_answer(json.dumps({"risks": [CAR]}), "en").description == CAR["text"]


@pytest.mark.parametrize("written", ["", "  \n", "{}", "<think>I wonder", "``` {[}] ```", '{"risks": []}'])
def test_an_empty_answer_says_so_in_the_language(written: str) -> None:
    assert scene_of_answer(written, "es").description == "No he podido describir la foto."
    assert scene_of_answer(written, "eo").description == "The photo could not be described."


def test_plain_prose_is_the_description() -> None:
    assert (
        scene_of_answer("A kitchen with a pot on the stove.", "en").description == "A kitchen with a pot on the stove."
    )


def test_long_descriptions_end_with_a_sentence() -> None:
    description = scene_of_answer(json.dumps({"description": "There is a long road. " * 100}), "en").description
    assert MAX_DESCRIPTION_CHARS // 2 < len(description) <= MAX_DESCRIPTION_CHARS
    assert description.endswith("road.")
    assert scene_of_answer("word " * 1000, "en").description.endswith("word…")


@pytest.mark.parametrize("piece", ["{", "<|", "<think>", '{"a":', "[[", "\\", '"', "<|a|>"])
def test_hostile_answers_take_no_time(piece: str) -> None:
    began = time.process_time()
    check(scene_of_answer(piece * 200_000, "en"))
    assert time.process_time() - began < 1


def test_a_control_token_inside_another_is_gone() -> None:
    assert "|" not in scene_of_answer("A <|im_<|x|>end|> door", "en").description


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_instruction_names_all_that_the_schema_demands(language: str) -> None:
    instruction, schema = scene_instruction(language), scene_schema()
    risk = schema["properties"]["risks"]["items"]
    wanted = [*schema["properties"], *risk["properties"], *risk["properties"]["kind"]["enum"]]
    assert all(name in instruction for name in [*wanted, *risk["properties"]["severity"]["enum"]])


def test_the_schema_allows_what_is_wanted_and_nothing_else() -> None:
    for schema in (scene_schema(), scene_schema(bounded=False)):
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(ANSWER, schema)
        for wrong in ({**ANSWER, "more": 1}, {"description": ""}, {**ANSWER, "risks": [{**CAR, "kind": "dragon"}]}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(wrong, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**ANSWER, "description": "a" * 1000}, scene_schema())


def test_the_question_is_bounded_and_on_one_line() -> None:
    asked = scene_request(DescribeOptions("es", "¿Qué\nhay\t aquí? " * 500))
    assert "¿Qué hay aquí? ¿Qué hay" in asked
    assert len(asked) < MAX_QUESTION_CHARS + 100
    assert scene_request(DescribeOptions("es", "  ")) == scene_request(DescribeOptions("es"))
    assert scene_request(DescribeOptions("fr")) == scene_request(DescribeOptions("en"))
