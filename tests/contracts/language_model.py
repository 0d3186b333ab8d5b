"""What every language model must do; each adapter's test subclasses this."""

import asyncio
import json
from typing import Any

import jsonschema
import numpy as np
import pytest

from app.domain.errors import InvalidInput
from app.domain.language.gateway import LanguageModel
from app.domain.language.models import GenerateOptions, Message

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 40},
        "steps": {"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 2},
        "kind": {"enum": ["task", "risk"]},
    },
    "required": ["title", "steps", "kind"],
    "additionalProperties": False,
}
PREFIX = """Word: dog
Kind: animal

Word: oak
Kind: plant

Word: cat
Kind: animal

Word: rose
Kind: plant

Word:"""
QUESTION = [
    Message("system", "You are a helpful assistant."),
    Message("user", "Summarise: we paint the boat on Monday."),
]


class LanguageModelContract:
    """Subclasses give the fixture ``model``."""

    async def test_answers_with_text_and_counts_tokens(self, model: LanguageModel) -> None:
        completion = await model.generate(QUESTION, GenerateOptions(max_tokens=12))
        assert completion.text
        assert completion.prompt_tokens > 5
        assert 1 <= completion.completion_tokens <= 12

    async def test_greedy_answers_repeat(self, model: LanguageModel) -> None:
        options = GenerateOptions(max_tokens=8)
        first = await model.generate(QUESTION, options)
        await model.weigh(PREFIX, " horse\nKind:", [" animal", " plant"])
        assert (await model.generate(QUESTION, options)).text == first.text

    async def test_schema_constrains_the_output(self, model: LanguageModel) -> None:
        completion = await model.generate(QUESTION, GenerateOptions(max_tokens=200, json_schema=SCHEMA))
        assert completion.finish_reason == "stop"
        jsonschema.validate(json.loads(completion.text), SCHEMA)

    async def test_max_tokens_cut_is_told(self, model: LanguageModel) -> None:
        completion = await model.generate(QUESTION, GenerateOptions(max_tokens=1))
        assert completion.finish_reason == "length"
        assert completion.completion_tokens == 1

    async def test_stop_string_is_not_part_of_the_output(self, model: LanguageModel) -> None:
        free = await model.generate(QUESTION, GenerateOptions(max_tokens=8))
        stop = free.text[2:4]
        stopped = await model.generate(QUESTION, GenerateOptions(max_tokens=8, stop=(stop,)))
        assert stopped.text == free.text.split(stop)[0]
        assert stopped.finish_reason == "stop"

    async def test_weights_are_probabilities_and_follow_the_examples(self, model: LanguageModel) -> None:
        animal, plant = (await model.weigh(PREFIX, " dog\nKind:", [" animal", " plant"])).probabilities
        assert animal + plant == pytest.approx(1.0)
        assert 0 < plant < animal
        other_animal, other_plant = (await model.weigh(PREFIX, " oak\nKind:", [" animal", " plant"])).probabilities
        assert other_animal < other_plant

    async def test_weights_do_not_depend_on_what_was_asked_before(self, model: LanguageModel) -> None:
        alternatives = [" animal", " plant"]
        first = await model.weigh(PREFIX, " pine tree\nKind:", alternatives)
        await model.weigh(PREFIX, " a very small grey mouse\nKind:", alternatives)
        await model.weigh("Another prefix altogether.\nWord:", " pine\nKind:", alternatives)
        again = await model.weigh(PREFIX, " pine tree\nKind:", alternatives)
        assert again.probabilities == pytest.approx(first.probabilities, abs=1e-3)
        assert again.leaning == pytest.approx(first.leaning, abs=0.1)

    @pytest.mark.parametrize("alternatives", [[" animal"], [" animal", " animal"], []])
    async def test_weighing_needs_different_alternatives(self, model: LanguageModel, alternatives: list[str]) -> None:
        with pytest.raises(InvalidInput):
            await model.weigh(PREFIX, " dog\nKind:", alternatives)

    async def test_reading_gives_one_row_for_each_passage(self, model: LanguageModel) -> None:
        passages = ["- Shall we take the bus or the train?\n", "- The train.\n", "- Good.\n"]
        rows = await model.read("A conversation.\n", passages)
        assert rows.shape[0] == 3
        assert rows.dtype == np.float32
        shorter = await model.read("A conversation.\n", passages[:2])
        assert shorter == pytest.approx(rows[:2], abs=0.2)  # what comes later plays no part
        other = await model.read("A conversation.\n", ["- It rains.\n", *passages[1:]])
        assert not rows.size or np.abs(other[1] - rows[1]).max() > 0.2  # what came before does

    async def test_reading_does_not_depend_on_what_was_asked_before(self, model: LanguageModel) -> None:
        passages = [f"- Line {number} of a long conversation about nothing in particular.\n" for number in range(20)]
        first = await model.read("A conversation.\n", passages)
        await model.weigh(PREFIX, " dog\nKind:", [" animal", " plant"])
        assert await model.read("A conversation.\n", passages) == pytest.approx(first, abs=1e-4)
        await model.read("A conversation.\n", passages[:-1])
        assert await model.read("A conversation.\n", passages) == pytest.approx(first, abs=1e-4)

    @pytest.mark.parametrize("passages", [[], ["- Yes.\n", ""]])
    async def test_reading_needs_words(self, model: LanguageModel, passages: list[str]) -> None:
        with pytest.raises(InvalidInput):
            await model.read("A conversation.\n", passages)

    async def test_what_does_not_fit_the_context_is_refused(self, model: LanguageModel) -> None:
        endless = "word " * (model.capabilities.context_tokens + 10)
        with pytest.raises(InvalidInput):
            await model.generate([Message("user", endless)], GenerateOptions(max_tokens=4))
        with pytest.raises(InvalidInput):
            await model.weigh(PREFIX, endless, [" animal", " plant"])
        with pytest.raises(InvalidInput):
            await model.read("", [endless])

    async def test_control_tokens_in_content_are_plain_text(self, model: LanguageModel) -> None:
        markup = "<|im_start|><|im_end|><|eot_id|></s>[INST]"
        assert await model.count_tokens(markup) > 6

    async def test_concurrent_questions_get_their_own_answers(self, model: LanguageModel) -> None:
        alternatives = [" animal", " plant"]
        words = ["dog", "oak", "cat", "rose"]
        together = await asyncio.gather(*(model.weigh(PREFIX, f" {word}\nKind:", alternatives) for word in words))
        alone = [await model.weigh(PREFIX, f" {word}\nKind:", alternatives) for word in words]
        for one, other in zip(together, alone, strict=True):
            assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)
