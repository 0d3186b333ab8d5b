import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.analysis.models import Claim, Evidence, Findings
from app.domain.analysis.photo_findings import merge_photos
from app.domain.analysis.photo_summary import photo_notes
from app.domain.analysis.photo_wording import photo_wording
from app.domain.session.models import TranscriptLine
from app.domain.vision.compose import compose_scene
from app.domain.vision.models import DescribeOptions, SeenPhoto
from tests.unit.vision.scenes import Placed, evidence
from tests.unit.vision.seen_photos import danger, info, seen, warning

pytestmark = pytest.mark.unit

SPANISH = [
    seen("f1", 5, "Se ve una calle con dos coches aparcados. Hay árboles."),
    seen("f2", 12, "Se ve una calle con dos coches aparcados.", duplicate_of="f1"),
    seen(
        "f3", 125, "La imagen muestra un cruce con semáforo.", danger("vehicle_near", "Cuidado: un autobús muy cerca.")
    ),
    seen("f4", 190, "La foto está borrosa y puede faltar algo. Parece una cocina. Delante hay un horno."),
    seen("f5", 300, "En la foto se ven cuchillos sobre una tabla.", warning("sharp", "Hay un cuchillo a la derecha.")),
]
ENGLISH = [
    seen("f1", 5, "There are two parked cars in a street.", language="en"),
    seen("f2", 70, "The image shows a crossing.", danger("vehicle_near", "Careful: a bus very close."), language="en"),
    seen("f3", 3_900, "I can see a kitchen with an oven.", language="en"),
]


def alone(photos: list[SeenPhoto], language: str) -> str:
    return merge_photos(Findings(language), [], photos, language).summary


def test_a_session_of_photos_is_told_from_first_to_last() -> None:
    assert alone(SPANISH, "es") == (
        "Se hicieron 5 fotos en 5 minutos. Primero, se ve una calle con dos coches aparcados. "
        "A los 2 minutos, la imagen muestra un cruce con semáforo. A los 3 minutos, parece una cocina: delante hay un horno. "
        "Al final, se ven cuchillos sobre una tabla. Otra foto se parece mucho a una de estas. "
        "Riesgos: a los 2 minutos, un autobús muy cerca; a los 5 minutos, un cuchillo a la derecha."
    )
    assert alone(ENGLISH, "en") == (
        "3 photos were taken over 1 hour and 5 minutes. First, there are two parked cars in a street. "
        "After a minute, the image shows a crossing. At the end, I can see a kitchen with an oven. Risk: after a minute, a bus very close."
    )


def test_one_photo_and_photos_of_the_same() -> None:
    assert alone(SPANISH[2:3], "es") == (
        "Se hizo una foto: la imagen muestra un cruce con semáforo. Riesgo: un autobús muy cerca."
    )
    assert alone(ENGLISH[2:], "en") == "One photo was taken: I can see a kitchen with an oven."
    assert alone(SPANISH[:2], "es") == (
        "Se hicieron 2 fotos en 7 segundos, casi iguales: se ve una calle con dos coches aparcados."
    )
    two = [ENGLISH[0], seen("f2", 5.4, "There are two parked cars in this street.", language="en")]
    assert alone(two, "en") == "2 photos were taken, all nearly the same: there are two parked cars in a street."


def test_photos_that_show_nothing_say_so() -> None:
    nothing = seen("f1", 3, "No se ha reconocido nada en la foto, lo que no significa que no haya nada.")
    assert alone([nothing], "es") == "Se hizo una foto: no se reconoce nada."
    missing = [seen("f2", 9, None), seen("f3", 12, None)]
    assert alone([nothing, *missing], "es") == "Se hicieron 3 fotos. No se reconoce nada."
    assert alone(missing, "es") == "Se hicieron 2 fotos, pero no se pudo describir ninguna."
    assert alone([*missing, ENGLISH[0]], "en") == ("3 photos were taken. There are two parked cars in a street.")
    dark = seen(
        "f1", 3, "The photo is very dark and most of it may be missing.", info("dark", "It is dark."), language="en"
    )
    assert alone([dark], "en") == "One photo was taken: nothing can be recognised."
    red = seen("f1", 3, "Nothing was recognised in the photo.", danger("fire", "There is a fire ahead."), language="en")
    assert alone([red], "en") == "Risk: a fire ahead."


def test_what_was_said_comes_first_and_only_what_matters_of_the_photos() -> None:
    line = TranscriptLine("s1", "S1", 188.0, 192.0, "Hay que limpiar este horno.")
    decision = Claim("Se limpia el horno.", (Evidence("s1", "Hay que limpiar este horno."),))
    findings = Findings("es", "Decidido: Se limpia el horno.", (decision,))
    assert merge_photos(findings, [line], SPANISH, "es").summary == (
        "Decidido: Se limpia el horno. Riesgos en las fotos: a los 2 minutos, un autobús muy cerca; a los 5 minutos, un cuchillo a "
        "la derecha. Fotos: a los 3 minutos, parece una cocina: delante hay un horno."
    )
    assert merge_photos(Findings("en", "Decided: We go."), [line], ENGLISH[2:], "en").summary == (
        "Decided: We go. Photo taken after an hour and 5 minutes: I can see a kitchen with an oven."
    )


def test_a_risk_that_was_said_is_not_told_twice() -> None:
    line = TranscriptLine("s1", "S1", 120.0, 124.0, "Ojo, que viene un autobús.")
    risk = Claim("Viene un autobús.", (Evidence("s1", "Ojo, que viene un autobús."),))
    merged = merge_photos(Findings("es", "Riesgos: viene un autobús.", risks=(risk,)), [line], SPANISH[:3], "es")
    assert merged.summary == (
        "Riesgos: viene un autobús. Fotos: al principio, se ve una calle con dos coches aparcados. "
        "A los 2 minutos, la imagen muestra un cruce con semáforo."
    )


def test_views_are_spread_over_the_session_and_told_once() -> None:
    places = ["una panadería", "un mercado", "una fuente", "una iglesia", "un jardín", "una estación"]
    photos = [seen(f"f{n}", n * 60.0, f"Hay {place}; al fondo, nada. Algo más.") for n, place in enumerate(places)]
    photos.append(seen("f9", 400, "Hay una panadería; al fondo, nada. Algo más."))
    assert merge_photos(Findings("es", "Se habló."), [], photos, "es").summary == (
        "Se habló. Fotos: al principio, hay una panadería; al fondo, nada. A los 2 minutos, hay una fuente; al fondo, nada. "
        "A los 5 minutos, hay una estación; al fondo, nada."
    )


def test_a_long_summary_makes_room_for_risks_and_not_for_views() -> None:
    line = TranscriptLine("s1", "S1", 0.0, 4.0, "Hola.")
    spoken = "Esto lo dijo alguien. " * 29
    with_risk = merge_photos(Findings("es", spoken.strip()), [line], SPANISH, "es").summary
    assert len(with_risk.split()) <= 120
    assert with_risk.startswith("Esto lo dijo alguien. Esto")
    assert "Riesgos en las fotos: a los 2 minutos, un autobús muy cerca;" in with_risk
    assert "Fotos:" not in with_risk
    assert merge_photos(Findings("es", spoken.strip()), [line], SPANISH[:1], "es").summary == spoken.strip()


@pytest.mark.parametrize("text", ["Parece una " + "a" * 3_000 + "!", "En la foto " * 300, "se ve " * 500, "«" * 3_000])
def test_descriptions_made_to_be_slow_are_not(text: str) -> None:
    begin = time.perf_counter()
    assert len(alone([seen("f1", 1, text), seen("f2", 2, text[::-1])], "es").split()) <= 120
    assert time.perf_counter() - begin < 1.0


def test_notes_name_photos_that_could_not_be_described() -> None:
    missing = [seen("f8", 400, None), seen("f9", 401, None)]
    assert photo_notes(SPANISH, "es") == ()
    assert photo_notes([*SPANISH, missing[0]], "es") == ("De 6 fotos, una no se pudo describir.",)
    assert photo_notes([*ENGLISH, *missing], "en") == ("2 of 5 photos could not be described.",)
    assert photo_notes([*SPANISH, seen("f7", 9, None, duplicate_of="f1")], "es") == ()
    assert photo_notes(missing[:1], "en") == ("One photo was taken, but it could not be described.",)


@pytest.mark.parametrize(
    ("seconds", "spanish", "english"),
    [
        (-4, "antes de empezar", "before the start"),
        (7, "al principio", "at the start"),
        (25.4, "a los 25 segundos", "after 25 seconds"),
        (51, "a los 50 segundos", "after 50 seconds"),
        (58, "al cabo de un minuto", "after a minute"),
        (125, "a los 2 minutos", "after 2 minutes"),
        (3_599, "a la hora", "after an hour"),
        (3_665, "a la hora y un minuto", "after an hour and a minute"),
        (7_800, "a las 2 horas y 10 minutos", "after 2 hours and 10 minutes"),
    ],
)
def test_moments(seconds: float, spanish: str, english: str) -> None:
    assert (photo_wording("es").moment(seconds), photo_wording("fr").moment(seconds)) == (spanish, english)


@pytest.mark.parametrize(
    ("seconds", "spanish", "english"),
    [
        (2, "2 segundos", "2 seconds"),
        (59, "59 segundos", "59 seconds"),
        (60, "un minuto", "1 minute"),
        (3_700, "una hora y 2 minutos", "1 hour and 2 minutes"),
    ],
)
def test_lengths(seconds: float, spanish: str, english: str) -> None:
    assert (photo_wording("es").length(seconds), photo_wording("en").length(seconds)) == (spanish, english)


LABEL: list[Placed] = [
    ("Nutrition Facts. Per 100 g!", 0.95, 0.1, 0.05, 0.9, 0.1),
    *((f"Line {row} has. Some more words", 0.95, 0.1, 0.05 + 0.06 * row, 0.9, 0.1 + 0.06 * row) for row in range(1, 9)),
]


def composed(frame_id: str, at: float, language: str, *things: Placed, texts: list[Placed] | None = None) -> SeenPhoto:
    described = compose_scene(evidence(*things, texts=texts or []), DescribeOptions(language))
    return seen(frame_id, at, described)


def test_text_in_photos_is_quoted_whole_and_once() -> None:
    photos = [
        composed("f1", 0, "es", texts=LABEL),
        composed("f2", 25, "es", ("cup", 0.9, 0.4, 0.4, 0.6, 0.7)),
        composed("f3", 50, "es", texts=[("Farmacia. Abierto", 0.95, 0.3, 0.2, 0.7, 0.3)]),
    ]
    assert alone(photos, "es") == (
        "Se hicieron 3 fotos en 50 segundos. "
        "Primero, hay bastante texto; empieza así: «Nutrition Facts. Per 100 g! Line 1 has. Some…». "
        "A los 25 segundos, justo delante hay una taza. Al final, hay un texto escrito."
    )
    english = [composed("f1", 4, "en", texts=LABEL), composed("f2", 180, "en", ("cup", 0.9, 0.4, 0.4, 0.6, 0.7))]
    assert merge_photos(Findings("en", "They talked."), [], english, "en").summary == (
        "They talked. Photos: at the start, there is a lot of text; it begins like this: "
        "“Nutrition Facts. Per 100 g! Line 1 has. Some…”. After 3 minutes, right in front of you there is a cup."
    )


def test_every_photo_of_a_few_is_told() -> None:
    photos = [
        composed("f1", 0, "es", ("dog", 0.9, 0.4, 0.5, 0.6, 0.7)),
        composed("f2", 20, "es", ("sofa", 0.9, 0.1, 0.4, 0.9, 0.95)),
        composed("f3", 40, "es"),
    ]
    assert alone(photos, "es").endswith("A los 20 segundos, justo delante hay un sofá. Al final, no se reconoce nada.")
    assert "pudo" not in alone(photos, "es")


pieces = st.sampled_from(
    [
        "«Nutrition. Facts»",
        "“Stop. Go!”",
        "«",
        "”",
        "Hay una taza.",
        "Se lee",
        "y",
        "«a “b” c»",
        "x" * 90,
        "“" + "w. " * 60 + "”",
    ]
)
descriptions = st.lists(pieces, max_size=12).map(" ".join)


def balanced(text: str) -> bool:
    inside = ""
    for mark in text:
        if mark in "«“":
            if inside:
                return False
            inside = {"«": "»", "“": "”"}[mark]
        elif mark in "»”":
            if mark != inside:
                return False
            inside = ""
    return not inside


@settings(max_examples=80)
@given(st.lists(st.tuples(descriptions, descriptions), min_size=1, max_size=7), st.sampled_from(["es", "en"]))
def test_quotation_marks_are_always_balanced(told: list[tuple[str, str]], language: str) -> None:
    photos = [
        seen(f"f{n}", n * 40.0, text, warning(f"kind{n}", risk), language=language)
        for n, (text, risk) in enumerate(told)
    ]
    assert balanced(alone(photos, language))
    spoken = Findings(language, "Se habló de eso. " * 8)
    assert balanced(merge_photos(spoken, [], photos, language).summary)


@pytest.mark.parametrize(
    ("language", "prompts", "told"),
    [
        ("es", ["¿Es seguro?", "¿Hay perros?", "¿Hay gatos?", "¿Hay comida?", "¿Hay alguien detrás?"], "hay un perro"),
        (
            "en",
            ["Is it safe?", "Any dogs?", "Any cats?", "Is there any food?", "Is anyone upstairs?"],
            "there is a dog",
        ),
    ],
)
def test_of_answers_only_what_was_seen_is_told(language: str, prompts: list[str], told: str) -> None:
    for prompt in prompts:
        answered = compose_scene(evidence(("dog", 0.9, 0.4, 0.5, 0.6, 0.7)), DescribeOptions(language, prompt))
        assert f": {told}" in alone([seen("f1", 1, answered)], language)
