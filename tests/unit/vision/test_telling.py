"""What is said of scenes, word by word in both languages."""

import pytest

from app.domain.vision.models import SceneEvidence
from tests.unit.vision.scenes import evidence, sign, told

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("seen", "spanish", "english"),
    [
        pytest.param(
            evidence(),
            "No se ha reconocido nada en la foto, lo que no significa que no haya nada.",
            "Nothing was recognised in the photo, which does not mean that nothing is there.",
            id="nothing",
        ),
        pytest.param(
            evidence(brightness=0.02),
            "La foto está muy oscura y puede faltar casi todo. No se ha reconocido nada en la foto, lo que no significa que no haya nada.",
            "The photo is very dark, so nearly everything may be missing. "
            "Nothing was recognised in the photo, which does not mean that nothing is there.",
            id="dark",
        ),
        pytest.param(
            evidence(("dog", 0.8, 0.4, 0.5, 0.6, 0.7), sharpness=10),
            "La foto parece borrosa y puede faltar algo. Hay un perro delante.",
            "The photo looks blurred, so something may be missing. There is a dog ahead.",
            id="blurred",
        ),
        pytest.param(
            evidence(("person", 0.9, 0.4, 0.2, 0.6, 0.7), ("umbrella", 0.8, 0.35, 0.15, 0.65, 0.3)),
            "Delante hay una persona con un paraguas.",
            "Ahead there is a person with an umbrella.",
            id="belongings",
        ),
        pytest.param(
            evidence(("bicycle", 0.9, 0.8, 0.45, 0.9, 0.65), ("person", 0.9, 0.81, 0.3, 0.89, 0.6)),
            "A la derecha hay una persona en bicicleta.",
            "On the right there is a person on a bicycle.",
            id="riding",
        ),
        pytest.param(
            evidence(
                ("refrigerator", 0.8, 0.0, 0.2, 0.15, 0.7),
                ("sink", 0.8, 0.4, 0.5, 0.5, 0.55),
                ("cup", 0.4, 0.7, 0.5, 0.73, 0.54),
            ),
            "Parece una cocina. A la izquierda hay un frigorífico; delante, un fregadero. También parece que hay una taza a la derecha.",
            "It looks like a kitchen. On the left there is a fridge; straight ahead, a sink. There may also be a cup on the right.",
            id="kitchen",
        ),
        pytest.param(
            evidence(
                ("tvmonitor", 0.9, 0.1, 0.1, 0.9, 0.9),
                ("car", 0.8, 0.3, 0.3, 0.6, 0.6),
                ("car", 0.8, 0.65, 0.3, 0.85, 0.6),
            ),
            "Hay una pantalla justo delante. En una imagen se ven dos coches.",
            "There is a screen right in front of you. In a picture there are two cars.",
            id="on a screen",
        ),
        pytest.param(
            evidence(texts=sign("Farmacia")),
            "No se ha reconocido ningún objeto. Se lee «Farmacia».",
            "No objects were recognised. The text reads “Farmacia”.",
            id="text alone",
        ),
        pytest.param(
            evidence(texts=sign("Farmacia", confidence=0.7)),
            "No se ha reconocido ningún objeto. Parece leerse «Farmacia».",
            "No objects were recognised. The text seems to read “Farmacia”.",
            id="doubtful text",
        ),
        pytest.param(
            evidence(*((("person", 0.8, 0.08 * i, 0.4, 0.08 * i + 0.04, 0.6)) for i in range(12))),
            "Hay bastante gente: al menos doce personas.",
            "There are quite a few people, at least twelve.",
            id="many people",
        ),
        pytest.param(
            evidence(
                ("person", 0.9, 0.0, 0.05, 0.3, 1.0),
                ("person", 0.9, 0.6, 0.45, 0.63, 0.6),
                ("person", 0.9, 0.55, 0.45, 0.58, 0.6),
            ),
            "Cerca, a la izquierda, hay una persona. Hay otras dos personas a lo lejos.",
            "Close by on the left there is a person. There are two more people in the distance.",
            id="others further off",
        ),
        pytest.param(
            evidence(
                ("chair", 0.9, 0.1, 0.4, 0.2, 0.6),
                ("chair", 0.4, 0.22, 0.4, 0.3, 0.6),
                ("chair", 0.4, 0.8, 0.4, 0.9, 0.6),
            ),
            "Hay al menos una silla a la izquierda. También parece que hay otra silla a la derecha.",
            "There is at least one chair on the left. There may also be another chair on the right.",
            id="perhaps more of them",
        ),
        pytest.param(
            evidence(
                ("person", 0.9, 0.0, 0.1, 0.3, 1.0),
                ("person", 0.9, 0.7, 0.1, 1.0, 0.95),
                ("sofa", 0.9, 0.4, 0.5, 0.6, 0.62),
            ),
            "Cerca, a la izquierda, hay una persona; a la derecha, otra. Hay un sofá un poco más lejos.",
            "Close by on the left there is a person; on the right, another. There is a sofa a little further on.",
            id="another",
        ),
        pytest.param(
            evidence(("car", 0.9, 0.6, 0.2, 1.0, 0.9), ("cup", 0.9, 0.2, 0.5, 0.25, 0.55)),
            "Cerca, a la derecha, hay un coche. Hay una taza a la izquierda.",
            "Close by on the right there is a car. There is a cup on the left.",
            id="near for its kind is not nearer",
        ),
        pytest.param(
            evidence(
                ("car", 0.9, 0.1, 0.5, 0.2, 0.6),
                ("car", 0.9, 0.45, 0.5, 0.58, 0.62),
                ("car", 0.9, 0.8, 0.5, 0.9, 0.6),
            ),
            "Hay tres coches, el más cercano delante.",
            "There are three cars, the nearest straight ahead.",
            id="all over",
        ),
        pytest.param(
            evidence(
                ("car", 0.9, 0.1, 0.5, 0.2, 0.6),
                ("car", 0.9, 0.45, 0.5, 0.55, 0.6),
                ("car", 0.9, 0.8, 0.5, 0.9, 0.6),
                ("car", 0.45, 0.3, 0.5, 0.46, 0.68),
            ),
            "Hay tres coches. También parece que hay otro coche delante.",
            "There are three cars. There may also be another car ahead.",
            id="the nearest is doubtful",
        ),
        pytest.param(
            evidence(("scissors", 0.45, 0.1, 0.2, 0.8, 0.8)),
            "Parece que hay unas tijeras justo delante.",
            "There may be a pair of scissors right in front of you.",
            id="only doubtful",
        ),
        pytest.param(
            evidence(sharpness=1, brightness=0.9),
            "No se distingue nada: la foto puede estar borrosa o mostrar solo una superficie lisa.",
            "Nothing can be made out: the photo may be blurred, or show only a plain surface.",
            id="white wall",
        ),
        pytest.param(
            evidence(
                ("bowl", 0.9, 0.0, 0.4, 0.12, 0.6),
                ("bowl", 0.9, 0.8, 0.4, 0.92, 0.6),
                ("bowl", 0.4, 0.13, 0.4, 0.2, 0.5),
            ),
            "Cerca, a la izquierda, hay un cuenco; a la derecha, otro. "
            "También parece que hay otro cuenco cerca, a la izquierda.",
            "Close by on the left there is a bowl; on the right, another. There may also be another bowl close by on the left.",
            id="another and not at least one",
        ),
        pytest.param(
            evidence(
                ("chair", 0.9, 0.3, 0.4, 0.4, 0.6),
                ("person", 0.4, 0.05, 0.1, 0.3, 1.0),
                ("person", 0.4, 0.8, 0.45, 0.83, 0.55),
            ),
            "Hay una silla delante. También parece que hay una persona cerca, a la izquierda, y otra a lo lejos a la derecha.",
            "There is a chair ahead. There may also be a person close by on the left, and another in the distance on the right.",
            id="doubtful people are not named twice",
        ),
    ],
)
def test_scenes(seen: SceneEvidence, spanish: str, english: str) -> None:
    assert told(seen, "es").description == spanish
    assert told(seen, "en").description == english


def test_things_have_the_name_that_they_have_there() -> None:
    bathroom = evidence(("toilet", 0.9, 0.4, 0.5, 0.6, 0.75), ("sink", 0.8, 0.05, 0.4, 0.2, 0.5))
    assert told(bathroom, "es").description == (
        "Parece un baño. Justo delante hay un inodoro. Hay un lavabo un poco más lejos, a la izquierda."
    )
    assert "fregadero" in told(evidence(("sink", 0.8, 0.05, 0.4, 0.2, 0.5)), "es").description


def test_numbers_are_bounded_to_what_can_be_listened_to() -> None:
    labels = ["cup", "book", "bottle", "vase", "bowl", "spoon", "fork", "clock", "apple", "orange", "mouse", "remote"]
    seen = evidence(*((label, 0.8, 0.05 * i, 0.3, 0.05 * i + 0.04, 0.36) for i, label in enumerate(labels)))
    description = told(seen, "en").description
    assert sum(label in description for label in labels) <= 10
    assert "such as" in description


def test_other_languages_get_english() -> None:
    scene = told(evidence(("dog", 0.8, 0.4, 0.5, 0.6, 0.7)), "de")
    assert scene.language == "en"
    assert scene.description == "There is a dog ahead."


def test_the_evidence_is_carried_over_and_strange_labels_are_not_told() -> None:
    seen = evidence(("dragon", 0.9, 0.1, 0.1, 0.9, 0.9), texts=sign("Hello"))
    scene = told(seen)
    assert scene.objects == seen.objects
    assert scene.text == ("Hello",)
    assert "dragon" not in scene.description


def test_a_place_is_only_told_if_several_things_tell_it() -> None:
    assert "looks like" not in told(evidence(("refrigerator", 0.9, 0.0, 0.2, 0.15, 0.7))).description
    bed = ("bed", 0.9, 0.1, 0.4, 0.9, 0.9)
    assert "looks like" not in told(evidence(bed)).description
    assert told(evidence(bed, ("clock", 0.8, 0.7, 0.1, 0.75, 0.15))).description.startswith("It looks like a bedroom.")
    street = evidence(
        ("car", 0.8, 0.1, 0.5, 0.2, 0.56), ("bus", 0.8, 0.7, 0.4, 0.8, 0.5), ("car", 0.8, 0.3, 0.5, 0.36, 0.54)
    )
    assert told(street, "es").description.startswith("Parece una calle.")
