"""Hits and near misses: which hazards are found in evidence, and how severe they are."""

import pytest

from app.domain.vision.models import SceneEvidence
from tests.unit.vision.scenes import evidence, told

pytestmark = pytest.mark.unit
TRAFFIC = (("car", 0.8, 0.02, 0.55, 0.12, 0.62), ("car", 0.7, 0.85, 0.55, 0.95, 0.62))
ROAD = {"road": 0.7, "sidewalk": 0.1}


def found(seen: SceneEvidence) -> dict[str, str]:
    return {risk.kind: risk.severity.value for risk in told(seen).risks}


@pytest.mark.parametrize(
    ("seen", "kind", "severity"),
    [
        pytest.param(evidence(("car", 0.9, 0.05, 0.2, 0.95, 0.98)), "vehicle_near", "warning", id="car fills the view"),
        pytest.param(
            evidence(("bus", 0.9, 0.1, 0.05, 0.9, 0.95), ground=ROAD),
            "vehicle_near",
            "danger",
            id="bus ahead on a road",
        ),
        pytest.param(
            evidence(("truck", 0.8, 0.25, 0.1, 0.75, 0.9), ("traffic light", 0.7, 0.8, 0.1, 0.84, 0.2)),
            "vehicle_near",
            "danger",
            id="truck ahead at a light",
        ),
        pytest.param(
            evidence(("car", 0.8, 0.38, 0.62, 0.62, 0.82)), "vehicle_near", "warning", id="car in the lower middle"
        ),
        pytest.param(
            evidence(("truck", 0.42, 0.2, 0.3, 0.8, 0.95)),
            "vehicle_near",
            "warning",
            id="some large vehicle, type unclear",
        ),
        pytest.param(
            evidence(("car", 0.9, 0.75, 0.4, 1.0, 0.95), *TRAFFIC, ground=ROAD),
            "vehicle_beside",
            "warning",
            id="on a road with a car beside",
        ),
        pytest.param(
            evidence(("bicycle", 0.7, 0.4, 0.45, 0.6, 0.85), ("person", 0.8, 0.42, 0.2, 0.58, 0.75)),
            "bicycle_near",
            "warning",
            id="cyclist ahead",
        ),
        pytest.param(evidence(("train", 0.9, 0.3, 0.2, 1.0, 0.8)), "train_near", "warning", id="train at a platform"),
        pytest.param(
            evidence(("traffic light", 0.7, 0.45, 0.2, 0.49, 0.32)), "crossing", "info", id="traffic light alone"
        ),
        pytest.param(
            evidence(
                ("stop sign", 0.9, 0.4, 0.2, 0.5, 0.35), *TRAFFIC, ("car", 0.8, 0.7, 0.5, 0.85, 0.62), ground=ROAD
            ),
            "crossing",
            "warning",
            id="stop sign, road and cars",
        ),
        pytest.param(evidence(*TRAFFIC), "road", "info", id="street with cars"),
        pytest.param(evidence(("knife", 0.7, 0.2, 0.5, 0.7, 0.6)), "sharp", "warning", id="knife within reach"),
        pytest.param(evidence(("scissors", 0.8, 0.1, 0.2, 0.8, 0.8)), "sharp", "warning", id="scissors within reach"),
        pytest.param(
            evidence(("knife", 0.7, 0.4, 0.8, 0.48, 0.84), ("stop sign", 0.9, 0.7, 0.1, 0.8, 0.25)),
            "sharp",
            "warning",
            id="knife in the street",
        ),
        pytest.param(evidence(("scissors", 0.7, 0.4, 0.5, 0.5, 0.62)), "sharp", "info", id="scissors two steps away"),
        pytest.param(evidence(("car", 0.9, 0.6, 0.5, 0.7, 0.57), ground=ROAD), "road", "info", id="road as ground"),
        pytest.param(evidence(("oven", 0.7, 0.3, 0.4, 0.8, 0.98)), "hot_surface", "info", id="oven within reach"),
        pytest.param(
            evidence(("sink", 0.8, 0.3, 0.5, 0.7, 0.8), ("hair drier", 0.6, 0.55, 0.5, 0.7, 0.62)),
            "electricity_water",
            "warning",
            id="hairdryer on a sink",
        ),
        pytest.param(
            evidence(("fire hydrant", 0.8, 0.4, 0.45, 0.62, 0.98)), "obstacle", "warning", id="hydrant in the way"
        ),
        pytest.param(
            evidence(("suitcase", 0.8, 0.35, 0.6, 0.6, 0.95)), "obstacle", "warning", id="suitcase in the way"
        ),
        pytest.param(evidence(("dog", 0.8, 0.4, 0.5, 0.7, 0.9)), "animal_near", "info", id="dog close"),
        pytest.param(evidence(("horse", 0.8, 0.2, 0.1, 0.8, 0.9)), "animal_near", "warning", id="horse close"),
        pytest.param(evidence(("bear", 0.9, 0.3, 0.4, 0.6, 0.8)), "animal_danger", "danger", id="bear outdoors"),
        pytest.param(evidence(("bear", 0.5, 0.3, 0.4, 0.6, 0.8)), "animal_danger", "warning", id="perhaps a bear"),
        pytest.param(evidence(("zebra", 0.8, 0.3, 0.4, 0.6, 0.8)), "animal_unusual", "info", id="zebra"),
        pytest.param(
            evidence(*(("person", 0.7, 0.1 * i, 0.1, 0.1 * i + 0.15, 0.98) for i in range(9))),
            "crowd",
            "warning",
            id="wall of people",
        ),
        pytest.param(
            evidence(*(("person", 0.6, 0.1 * i, 0.4, 0.1 * i + 0.05, 0.6) for i in range(9))),
            "crowd",
            "info",
            id="many people further off",
        ),
        pytest.param(
            evidence(("person", 0.8, 0.4, 0.3, 0.6, 0.9), ("umbrella", 0.7, 0.3, 0.2, 0.7, 0.4)),
            "slippery",
            "info",
            id="open umbrella",
        ),
        pytest.param(
            evidence(("sink", 0.8, 0.2, 0.6, 0.6, 0.8), ("bottle", 0.7, 0.6, 0.5, 0.66, 0.75)),
            "bottles",
            "info",
            id="bottle at the sink",
        ),
        pytest.param(
            evidence(("person", 0.8, 0.2, 0.7, 0.8, 0.9)), "person_lying", "info", id="somebody lies on the ground"
        ),
        pytest.param(evidence(brightness=0.03), "dark", "info", id="darkness"),
    ],
)
def test_hits(seen: SceneEvidence, kind: str, severity: str) -> None:
    assert found(seen).get(kind) == severity


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(evidence(("car", 0.9, 0.45, 0.52, 0.5, 0.56)), id="parked car far off"),
        pytest.param(evidence(("car", 0.9, 0.6, 0.45, 0.95, 0.7)), id="parked car beside, on the pavement"),
        pytest.param(
            evidence(*((("car", 0.8, 0.7 + 0.08 * i, 0.5, 0.8 + 0.08 * i, 0.62)) for i in range(3))),
            id="row of parked cars",
        ),
        pytest.param(evidence(("car", 0.6, 0.4, 0.5, 0.43, 0.53), ground=ROAD), id="empty road"),
        pytest.param(
            evidence(
                ("sofa", 0.8, 0.0, 0.4, 0.3, 0.7),
                ("tvmonitor", 0.7, 0.7, 0.2, 0.9, 0.4),
                ("car", 0.8, 0.3, 0.5, 0.7, 0.9),
            ),
            id="toy car on the floor of a room",
        ),
        pytest.param(evidence(ground={"road": 0.9}), id="a floor that looks like a road"),
        pytest.param(evidence(("sofa", 0.9, 0.1, 0.4, 0.9, 0.95)), id="sofa"),
        pytest.param(
            evidence(
                ("diningtable", 0.8, 0.0, 0.4, 1.0, 1.0),
                ("knife", 0.7, 0.6, 0.45, 0.66, 0.98),
                ("fork", 0.7, 0.3, 0.6, 0.34, 0.9),
                ("bowl", 0.6, 0.38, 0.6, 0.56, 0.85),
            ),
            id="laid table",
        ),
        pytest.param(evidence(("teddy bear", 0.8, 0.3, 0.3, 0.7, 0.9)), id="teddy bear"),
        pytest.param(
            evidence(("teddy bear", 0.5, 0.3, 0.3, 0.7, 0.9), ("bear", 0.75, 0.31, 0.3, 0.7, 0.9)),
            id="teddy bear that is taken for a bear too",
        ),
        pytest.param(
            evidence(
                ("sofa", 0.8, 0.0, 0.5, 0.5, 0.9),
                ("tvmonitor", 0.7, 0.6, 0.2, 0.9, 0.4),
                ("bear", 0.8, 0.2, 0.5, 0.4, 0.8),
            ),
            id="bear on a sofa",
        ),
        pytest.param(
            evidence(("tvmonitor", 0.9, 0.1, 0.1, 0.9, 0.8), ("car", 0.8, 0.3, 0.3, 0.7, 0.7)), id="car on a screen"
        ),
        pytest.param(
            evidence(("diningtable", 0.8, 0.0, 0.3, 1.0, 1.0), ("truck", 0.8, 0.35, 0.5, 0.65, 0.9)),
            id="toy truck on a table",
        ),
        pytest.param(
            evidence(
                *(("person", 0.7, 0.1 * i, 0.1, 0.1 * i + 0.15, 0.98) for i in range(9)),
                ("laptop", 0.8, 0.3, 0.6, 0.6, 0.95),
            ),
            id="meeting",
        ),
        pytest.param(
            evidence(("person", 0.9, 0.3, 0.1, 0.7, 1.0), ("stop sign", 0.8, 0.45, 0.5, 0.55, 0.6)), id="T-shirt"
        ),
        pytest.param(
            evidence(("person", 0.8, 0.2, 0.6, 0.8, 0.85), ("surfboard", 0.7, 0.1, 0.7, 0.9, 0.9)),
            id="surfer lying on a board",
        ),
        pytest.param(
            evidence(("chair", 0.8, 0.35, 0.5, 0.6, 0.9), ("diningtable", 0.8, 0.1, 0.4, 0.9, 0.8)),
            id="chair at its table",
        ),
        pytest.param(
            evidence(("chair", 0.8, 0.35, 0.5, 0.65, 0.95), ("person", 0.9, 0.35, 0.2, 0.65, 0.95)),
            id="somebody on a chair",
        ),
        pytest.param(evidence(("dog", 0.9, 0.1, 0.2, 0.9, 1.0)), id="large dog"),
        pytest.param(
            evidence(("umbrella", 0.8, 0.3, 0.1, 0.7, 0.3), ("diningtable", 0.7, 0.3, 0.6, 0.7, 0.8)),
            id="parasol on a terrace",
        ),
    ],
)
def test_near_misses_are_nothing_more_than_worth_knowing(seen: SceneEvidence) -> None:
    assert set(found(seen).values()) <= {"info"}


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (evidence(("car", 0.9, 0.45, 0.52, 0.5, 0.56)), "vehicle_near"),
        (evidence(("knife", 0.9, 0.45, 0.52, 0.47, 0.55)), "sharp"),
        (evidence(("umbrella", 0.8, 0.45, 0.2, 0.5, 0.8), ("person", 0.8, 0.4, 0.1, 0.6, 0.9)), "slippery"),
        (evidence(("person", 0.9, 0.3, 0.1, 0.7, 1.0), ("stop sign", 0.8, 0.45, 0.5, 0.55, 0.6)), "crossing"),
        (evidence(("bottle", 0.8, 0.45, 0.2, 0.5, 0.5), ("wine glass", 0.8, 0.6, 0.3, 0.7, 0.5)), "bottles"),
        (evidence(("person", 0.8, 0.4, 0.2, 0.6, 0.9)), "person_lying"),
        (evidence(ground={"road": 0.9}), "road"),
        (evidence(("person", 0.8, 0.2, 0.7, 0.8, 0.9), ("surfboard", 0.7, 0.1, 0.7, 0.9, 0.9)), "person_lying"),
        (
            evidence(
                ("person", 0.8, 0.4, 0.3, 0.6, 0.9),
                ("umbrella", 0.7, 0.3, 0.2, 0.7, 0.4),
                ("chair", 0.7, 0.0, 0.5, 0.1, 0.7),
            ),
            "slippery",
        ),
        (
            evidence(
                ("sink", 0.8, 0.2, 0.6, 0.6, 0.8),
                ("bottle", 0.7, 0.6, 0.5, 0.66, 0.75),
                ("wine glass", 0.7, 0.7, 0.5, 0.75, 0.7),
            ),
            "bottles",
        ),
        (evidence(("chair", 0.8, 0.35, 0.4, 0.65, 0.98), ("laptop", 0.9, 0.2, 0.6, 0.8, 1.0)), "obstacle"),
    ],
)
def test_what_is_no_hazard_at_all_is_not_told(seen: SceneEvidence, kind: str) -> None:
    assert kind not in found(seen)


def test_the_most_severe_comes_first_and_equal_dangers_are_told_once() -> None:
    seen = evidence(
        ("dog", 0.9, 0.7, 0.6, 0.9, 0.9),
        ("car", 0.9, 0.3, 0.3, 0.7, 0.9),
        ("car", 0.9, 0.25, 0.35, 0.65, 0.85),
        ("horse", 0.9, 0.0, 0.2, 0.3, 0.9),
        ground=ROAD,
    )
    risks = told(seen).risks
    assert [risk.severity.rank for risk in risks] == sorted((risk.severity.rank for risk in risks), reverse=True)
    assert [risk.kind for risk in risks].count("vehicle_near") == 1
    assert risks[0].kind == "vehicle_near"


@pytest.mark.parametrize("car", [(0.15, 0.2, 0.85, 0.95), (0.3, 0.55, 0.7, 0.95)])
def test_a_part_of_a_large_bus_that_is_taken_for_a_car_is_told_as_the_bus(
    car: tuple[float, float, float, float],
) -> None:
    scene = told(evidence(("bus", 0.8, 0.05, 0.05, 0.95, 1.0), ("car", 0.7, *car)))
    assert scene.risks[0].text == "Careful: a bus very close, straight ahead."


def test_an_open_umbrella_is_only_told_as_what_it_is() -> None:
    rain = evidence(("person", 0.8, 0.4, 0.3, 0.6, 0.9), ("umbrella", 0.7, 0.3, 0.2, 0.7, 0.4))
    assert told(rain, "es").risks[0].text == (
        "Alguien lleva un paraguas abierto: puede que llueva y el suelo esté mojado."
    )


def test_what_is_doubtful_is_told_as_doubtful_and_less_severe() -> None:
    sure = told(evidence(("scissors", 0.9, 0.1, 0.2, 0.8, 0.8))).risks[0]
    doubtful = told(evidence(("scissors", 0.4, 0.1, 0.2, 0.8, 0.8))).risks[0]
    assert (sure.severity, doubtful.severity) == ("warning", "info")
    assert sure.text == "There is a pair of scissors within reach, straight ahead."
    assert doubtful.text == "There may be a pair of scissors within reach, straight ahead."


def test_a_suggestion_for_each_action_and_none_without_a_risk() -> None:
    two_crossing = evidence(("traffic light", 0.7, 0.45, 0.2, 0.49, 0.32), ("car", 0.9, 0.3, 0.3, 0.7, 0.9))
    suggestions = told(two_crossing).suggestions
    assert len(set(suggestions)) == len(suggestions) == 2
    assert told(evidence(("sofa", 0.9, 0.1, 0.4, 0.9, 0.95))).suggestions == ()
