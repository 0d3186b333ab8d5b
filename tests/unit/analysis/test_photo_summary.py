import time

import pytest

from app.domain.analysis.models import Claim, Evidence, Findings
from app.domain.analysis.photo_findings import merge_photos
from app.domain.analysis.photo_summary import photo_notes
from app.domain.analysis.photo_wording import photo_wording
from app.domain.session.models import TranscriptLine
from app.domain.vision.models import SeenPhoto
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
        "Se hicieron 5 fotos en 5 minutos. Primero, una calle con dos coches aparcados. A los 2 minutos, un cruce con semáforo. "
        "A los 3 minutos, parece una cocina: delante hay un horno. Al final, cuchillos sobre una tabla. "
        "Riesgos: a los 2 minutos, un autobús muy cerca; a los 5 minutos, un cuchillo a la derecha."
    )
    assert alone(ENGLISH, "en") == (
        "3 photos were taken over 1 hour and 5 minutes. First, two parked cars in a street. After a minute, a crossing. "
        "At the end, a kitchen with an oven. Risk: after a minute, a bus very close."
    )


def test_one_photo_and_photos_of_the_same() -> None:
    assert alone(SPANISH[2:3], "es") == "Se hizo una foto: un cruce con semáforo. Riesgo: un autobús muy cerca."
    assert alone(ENGLISH[2:], "en") == "One photo was taken: a kitchen with an oven."
    assert alone(SPANISH[:2], "es") == (
        "Se hicieron 2 fotos en 7 segundos, casi iguales: una calle con dos coches aparcados."
    )
    two = [ENGLISH[0], seen("f2", 5.4, "There are two parked cars in this street.", language="en")]
    assert alone(two, "en") == "2 photos were taken, all nearly the same: two parked cars in a street."


def test_photos_that_show_nothing_say_so() -> None:
    nothing = seen("f1", 3, "No se ha reconocido nada en la foto, lo que no significa que no haya nada.")
    assert alone([nothing], "es") == "Se hizo una foto, pero no se pudo describir."
    missing = [seen("f2", 9, None), seen("f3", 12, None)]
    assert alone([nothing, *missing], "es") == "Se hicieron 3 fotos, pero no se pudo describir ninguna."
    assert alone([*missing, ENGLISH[0]], "en") == (
        "3 photos were taken. What can be seen: two parked cars in a street."
    )
    dark = seen(
        "f1", 3, "The photo is very dark and most of it may be missing.", info("dark", "It is dark."), language="en"
    )
    assert alone([dark], "en") == "One photo was taken, but it could not be described."
    red = seen("f1", 3, "Nothing was recognised in the photo.", danger("fire", "There is a fire ahead."), language="en")
    assert alone([red], "en") == "Risk: a fire ahead."


def test_what_was_said_comes_first_and_only_what_matters_of_the_photos() -> None:
    line = TranscriptLine("s1", "S1", 188.0, 192.0, "Hay que limpiar este horno.")
    decision = Claim("Se limpia el horno.", (Evidence("s1", "Hay que limpiar este horno."),))
    findings = Findings("es", "Decidido: Se limpia el horno.", (decision,))
    assert merge_photos(findings, [line], SPANISH, "es").summary == (
        "Decidido: Se limpia el horno. Riesgos en las fotos: a los 2 minutos, un autobús muy cerca; a los 5 minutos, un cuchillo a "
        "la derecha. En las fotos se ve: a los 3 minutos, parece una cocina: delante hay un horno."
    )
    assert merge_photos(Findings("en", "Decided: We go."), [line], ENGLISH[2:], "en").summary == (
        "Decided: We go. Photo taken after an hour and 5 minutes: a kitchen with an oven."
    )


def test_a_risk_that_was_said_is_not_told_twice() -> None:
    line = TranscriptLine("s1", "S1", 120.0, 124.0, "Ojo, que viene un autobús.")
    risk = Claim("Viene un autobús.", (Evidence("s1", "Ojo, que viene un autobús."),))
    merged = merge_photos(Findings("es", "Riesgos: viene un autobús.", risks=(risk,)), [line], SPANISH[:3], "es")
    assert merged.summary == (
        "Riesgos: viene un autobús. En las fotos se ve: al principio, una calle con dos coches aparcados. "
        "A los 2 minutos, un cruce con semáforo."
    )


def test_views_are_spread_over_the_session_and_told_once() -> None:
    places = ["una panadería", "un mercado", "una fuente", "una iglesia", "un jardín", "una estación"]
    photos = [seen(f"f{n}", n * 60.0, f"Hay {place}; al fondo, nada. Algo más.") for n, place in enumerate(places)]
    photos.append(seen("f9", 400, "Hay una panadería; al fondo, nada. Algo más."))
    assert merge_photos(Findings("es", "Se habló."), [], photos, "es").summary == (
        "Se habló. En las fotos se ve: al principio, una panadería; al fondo, nada. A los 2 minutos, una fuente; al fondo, nada. "
        "A los 5 minutos, una estación; al fondo, nada."
    )


def test_a_long_summary_makes_room_for_risks_and_not_for_views() -> None:
    line = TranscriptLine("s1", "S1", 0.0, 4.0, "Hola.")
    spoken = "Esto lo dijo alguien. " * 29
    with_risk = merge_photos(Findings("es", spoken.strip()), [line], SPANISH, "es").summary
    assert len(with_risk.split()) <= 120
    assert with_risk.startswith("Esto lo dijo alguien. Esto")
    assert "Riesgos en las fotos: a los 2 minutos, un autobús muy cerca;" in with_risk
    assert "se ve:" not in with_risk
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
        (29, "al principio", "at the start"),
        (31, "al cabo de un minuto", "after a minute"),
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
