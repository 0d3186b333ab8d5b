"""The rules that join sentences, with labels given instead of a model's."""

from collections.abc import Sequence

import pytest

from app.domain.analysis.extract import FoundItem, extract_items
from app.domain.analysis.labels import Label, LabelledSentence
from app.domain.analysis.lexicon import lexicon_for
from tests.unit.analysis.conversation import sentences

pytestmark = pytest.mark.unit

LETTERS = {"T": Label.TASK, "D": Label.DECISION, "Q": Label.QUESTION, "R": Label.RISK, "F": Label.FACT, "C": Label.CHAT}


def extract(language: str, letters: str, *turns: str) -> Sequence[FoundItem]:
    """Items of turns whose sentences a model labelled, very sure, with these letters."""
    spoken = sentences(*turns)
    assert len(spoken) == len(letters)
    labelled = [
        LabelledSentence(sentence, {label: 0.95 if label is LETTERS[letter] else 0.01 for label in Label})
        for sentence, letter in zip(spoken, letters, strict=True)
    ]
    return extract_items(labelled, lexicon_for(language), {})


def ids(item: FoundItem) -> list[str | None]:
    return [entry.segment_id for entry in item.evidence]


def kinds(items: Sequence[FoundItem]) -> list[Label]:
    return [item.kind for item in items]


def test_a_request_and_its_promise_are_one_task_of_who_promises() -> None:
    (task,) = extract(
        "en",
        "FTT",
        "S3: The sails are in the attic.",
        "S1: Martha, could you please mend the sails by Friday?",
        "S2: Sure, I'll mend the sails on Thursday.",
    )
    assert (task.kind, task.owner, task.due_text, ids(task)) == (Label.TASK, "S2", "on Thursday", ["s2", "s3"])


def test_a_request_that_is_refused_is_no_task() -> None:
    assert not extract("en", "TC", "S1: Martha, could you please mend the sails?", "S2: No, I can't, sorry.")
    assert not extract("es", "TF", "S1: Marta, ¿puedes encargar la cera?", "S2: Ya la encargué ayer.")


def test_somebody_who_is_talked_about_owns_the_task() -> None:
    (task,) = extract("en", "T", "S1: And Naomi will bring the ladders on Monday.")
    assert task.owner == "Naomi"
    (tarea,) = extract("es", "T", "S1: Y Pablo va a traer las escaleras el lunes.")
    assert (tarea.owner, tarea.due_text) == ("Pablo", "el lunes")


def test_who_acts_is_known_in_any_form_of_the_name() -> None:
    (task,) = extract("en", "T", "S1: And Ashley's going to make up the programmes, she's home from Dublin tonight.")
    assert task.owner == "Ashley"
    (tarea,) = extract("es", "T", "S1: Del borrador se encarga Purificación, la de la gestoría, la semana que viene.")
    assert tarea.owner == "Purificación"


def test_who_agrees_to_what_was_told_owns_it() -> None:
    (task,) = extract("en", "TCC", "S1: And get the form on my desk by Friday.", "S2: Friday. Okay, yes, for sure.")
    assert task.owner == "S2"


def test_what_somebody_has_to_do_has_no_owner() -> None:
    (task,) = extract("en", "T", "S1: Somebody has to paint the hull before the end of May.")
    assert task.owner is None


def test_a_task_takes_its_agreement_as_evidence() -> None:
    (task,) = extract("en", "TC", "S1: Ben, could you order the new sails this week?", "S2: Sure, no problem.")
    assert (ids(task), task.owner) == (["s1", "s2"], "S2")


def test_no_to_do_not_forget_is_no_refusal() -> None:
    (task,) = extract(
        "es", "TC", "S1: Y no te olvides de recoger las llaves del barco el miércoles.", "S2: No, no, tranquila."
    )
    assert task.kind is Label.TASK


def test_promises_of_two_people_are_two_tasks() -> None:
    items = extract("en", "TT", "S1: I'll bring the ladders on Monday.", "S2: I'll bring the paint and the brushes.")
    assert [item.owner for item in items] == ["S1", "S2"]


def test_a_decision_takes_its_agreement_as_evidence() -> None:
    (decision,) = extract(
        "en", "DC", "S1: So it's agreed, we open the museum on Sundays.", "S2: Yes, that's fine with me."
    )
    assert (decision.kind, ids(decision)) == (Label.DECISION, ["s1", "s2"])


def test_a_refused_proposal_is_no_decision() -> None:
    assert not extract("en", "DC", "S1: Let's sing the whole mass in German.", "S2: No, let's not.")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Okay, then we leave that open for now."),
        ("en", "Right, we keep the question open."),
        ("es", "Vale, entonces lo dejamos abierto por ahora."),
        ("es", "De acuerdo, eso queda en el aire."),
    ],
)
def test_to_leave_something_open_settles_nothing(language: str, said: str) -> None:
    assert Label.DECISION not in kinds(extract(language, "D", f"S1: {said}"))


def test_a_decision_that_is_changed_later_is_gone() -> None:
    items = extract(
        "en",
        "DFFD",
        "S1: So we decided to open the museum exhibition in June.",
        "S2: The paintings are in Rome.",
        "S3: They stay there until July.",
        "S1: Then we decided to open the museum exhibition in July instead.",
    )
    assert [ids(item) for item in items if item.kind is Label.DECISION] == [["s4"]]


def test_a_question_is_open_if_nobody_knows() -> None:
    (question,) = extract("en", "QF", "S1: Who pays for the new organ pipes?", "S2: I have no idea.")
    assert (question.kind, ids(question)) == (Label.QUESTION, ["s1", "s2"])


def test_an_answered_question_is_not_open() -> None:
    items = extract("en", "QF", "S1: Does the chapel have a new organ?", "S2: Yes, since last year.")
    assert Label.QUESTION not in kinds(items)


def test_risks_are_kept_apart_from_questions() -> None:
    (risk,) = extract("es", "R", "S1: Si llueve fuerte, el agua puede entrar en el sótano y estropear los cuadros.")
    assert risk.kind is Label.RISK


def test_what_comes_up_again_is_one_item() -> None:
    again = "S1: The risk is that the old wooden beam breaks and falls on the visitors."
    other = [f"S2: The museum has {number} paintings." for number in ("ten", "four", "six", "nine")]
    (risk,) = extract("en", "RFFFFR", again, *other, again)
    assert ids(risk) == ["s1", "s6"]


def test_languages_without_a_lexicon_rely_on_the_labels() -> None:
    items = extract(
        "fi", "TRFC", "S1: Minä maalaan veneen perjantaina.", "S2: Masto voi katketa.", "S1: Vene on vanha. Hei hei."
    )
    assert kinds(items) == [Label.TASK, Label.RISK]


def test_a_choice_that_nobody_can_answer_is_open_without_its_question_mark() -> None:
    turns = ("S1: La oficina nueva tiene aparcamiento para todos, o alquilamos plazas.", "S2: No lo sé, la verdad.")
    (question,) = extract("es", "FF", *turns)
    assert (question.kind, ids(question)) == (Label.QUESTION, ["s1", "s2"])
    assert not extract("es", "FF", turns[0], "S2: Alquilamos tres, y lo demás no lo sé.")


def test_what_is_left_open_is_no_decision() -> None:
    assert not extract("en", "C", "S1: Okay, then we leave that open for now.")
