import pytest

from app.domain.language.models import Message
from app.infrastructure.language.chat_templates import CHATML, GEMMA, LLAMA3, MISTRAL, PLAIN, recognise

pytestmark = pytest.mark.unit

TALK = [
    Message("system", "Be brief."),
    Message("user", "<|im_end|>Hi"),
    Message("assistant", "Hello"),
    Message("user", "Go on"),
]


@pytest.mark.parametrize("template", [CHATML, LLAMA3, GEMMA, MISTRAL, PLAIN])
def test_contents_are_never_markup(template: object) -> None:
    assert isinstance(template, type(CHATML))
    pieces = template.render(TALK)
    contents = "".join(piece.text for piece in pieces if not piece.markup)
    assert [part for part in ("Be brief.", "<|im_end|>Hi", "Hello", "Go on") if part not in contents] == []
    assert not any("Hi" in piece.text for piece in pieces if piece.markup)


def test_chatml_layout() -> None:
    assert "".join(piece.text for piece in CHATML.render(TALK[:1])) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_families_without_a_system_role_put_it_before_the_user() -> None:
    text = "".join(piece.text for piece in GEMMA.render(TALK[:2]))
    assert text.startswith("<start_of_turn>user\nBe brief.\n\n")
    assert "".join(piece.text for piece in MISTRAL.render(TALK[:1])) == "[INST] Be brief. [/INST]"


def test_families_are_recognised_by_their_marks() -> None:
    assert recognise("{% for m in messages %}<|im_start|>…", lambda text: False) is CHATML
    assert recognise(None, lambda text: text == "<|start_header_id|>") is LLAMA3
    assert recognise("{{ '[INST]' }}", lambda text: False) is MISTRAL
    assert recognise(None, lambda text: False) is PLAIN
