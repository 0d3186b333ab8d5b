from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.analysis.album import analysed_photos
from app.domain.analysis.evidence import check_findings
from app.domain.analysis.models import ActionItem, AnalysedPhoto, Claim, Evidence, Findings
from app.domain.analysis.photo_findings import MAX_FRAMES, MAX_RISKS, merge_photos
from app.domain.session.models import TranscriptLine
from app.domain.vision.models import SeenPhoto
from tests.unit.vision.seen_photos import NOW, danger, info, scene, seen, warning

pytestmark = pytest.mark.unit


def frames(*frame_ids: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(frame_id=frame_id) for frame_id in frame_ids)


def said(segment_id: str, start: float, text: str) -> tuple[TranscriptLine, Evidence]:
    return TranscriptLine(segment_id, "S1", start, start + 4.0, text), Evidence(segment_id, text)


def task(title: str, evidence: Evidence) -> ActionItem:
    return ActionItem(title, "", (), "S1", None, None, (evidence,))


def test_a_danger_in_several_photos_is_one_risk_in_its_gravest_wording() -> None:
    photos = [
        seen("f3", 60, "Una calle.", warning("vehicle_near", "Hay un coche cerca.")),
        seen("f1", 5, "Una calle.", warning("vehicle_near", "Puede que haya un coche.")),
        seen("f2", 30, "Un cruce.", danger("vehicle_near", "Un coche muy cerca."), warning("stairs", "Escaleras.")),
        seen("f4", 61, "Una calle.", danger("vehicle_near", "Otro coche."), duplicate_of="f3"),
    ]
    found = merge_photos(Findings("es"), [], photos, "es").risks
    assert found == (
        Claim("Un coche muy cerca.", frames("f1", "f2", "f3")),
        Claim("Escaleras.", frames("f2")),
    )


def test_dangers_without_a_kind_are_told_apart_by_their_words() -> None:
    photos = [
        seen("f1", 5, "Algo.", warning("other", "Una lámpara que cuelga de un hilo.")),
        seen("f2", 15, "Algo.", warning("other", "La lámpara cuelga de un hilo.")),
        seen("f3", 25, "Algo.", warning("other", "Un balcón sin barandilla.")),
    ]
    found = merge_photos(Findings("es"), [], photos, "es").risks
    assert [claim.evidence for claim in found] == [frames("f1", "f2"), frames("f3")]


def test_what_is_good_to_know_counts_if_it_is_unusual_or_comes_again() -> None:
    photos = [
        seen("f1", 5, "Una sala.", info("crowd", "Hay gente."), info("hot_surface", "Un horno.")),
        seen("f2", 15, "Una sala.", info("unusual", "Un caballo en la sala.")),
        seen("f3", 25, "Un patio.", info("crowd", "Hay gente.")),
        seen("f4", 26, "Un patio.", info("hot_surface", "Un horno."), duplicate_of="f1"),
    ]
    found = merge_photos(Findings("es"), [], photos, "es").risks
    assert found == (Claim("Hay gente.", frames("f1", "f3")), Claim("Un caballo en la sala.", frames("f2")))


def test_lists_are_bounded_and_the_gravest_stay() -> None:
    photos = [seen(f"g{n}", n, "Algo.", warning(f"kind{n}", f"Riesgo {n}.")) for n in range(30)]
    photos.append(seen("last", 99, "Algo.", danger("fire", "Fuego.")))
    photos += [seen(f"h{n}", 100 + n, "Algo.", warning("sharp", "Cuchillo.")) for n in range(200)]
    found = merge_photos(Findings("es"), [], photos, "es").risks
    assert len(found) == MAX_RISKS
    assert Claim("Fuego.", frames("last")) in found
    sharp = found[-1].evidence
    assert (sharp[0].frame_id, sharp[-1].frame_id, len(set(sharp))) == ("h0", "h199", MAX_FRAMES)


@pytest.mark.parametrize(
    ("text", "quote", "at", "joined"),
    [
        ("Viene un autobús.", "Ojo, que viene una moto.", 30.0, True),  # the same kind of danger
        ("El autobús no frena.", "El autobús no frena.", 30.0, True),  # the same thing
        ("El autobús no frena.", "El autobús no frena.", 90.0, False),  # another time
        ("Llegamos tarde.", "Temo que lleguemos tarde.", 30.0, False),  # another matter
    ],
)
def test_a_risk_that_was_said_and_seen_is_one(text: str, quote: str, at: float, joined: bool) -> None:
    line, evidence = said("s1", at, quote)
    photos = [seen("f1", 40, "Una calle.", danger("vehicle_near", "Un autobús muy cerca."))]
    found = merge_photos(Findings("es", "Algo.", risks=(Claim(text, (evidence,)),)), [line], photos, "es").risks
    both = (Claim(text, (evidence, *frames("f1"))),)
    apart = {Claim(text, (evidence,)), Claim("Un autobús muy cerca.", frames("f1"))}
    assert found == both if joined else set(found) == apart


PHOTOS = [
    seen("f1", 10, "Una pared con una grieta y una ventana rota."),
    seen("f2", 60, scene("Una puerta con un letrero.", text=("Taller Gómez",))),
    seen("f3", 64, None, duplicate_of="f2"),
    seen("f4", 200, "Una mesa con libros."),
]


@pytest.mark.parametrize(
    ("start", "quote", "cited"),
    [
        (12.0, "Yo reparo la grieta mañana.", ["f1"]),  # names what it shows
        (58.0, "Hay que llamar a Gómez.", ["f2", "f3"]),  # names what stands in it, the second time too
        (28.0, "Tenemos que arreglar esto.", ["f1"]),  # points at it
        (204.0, "Apunta lo que pone en este cartel.", ["f4"]),
        (100.0, "Tenemos que arreglar esto.", []),  # nothing near
        (12.0, "Por esto mismo lo dejamos para el lunes.", []),  # points at what was said
        (12.0, "Esta tarde compro pan.", []),  # a time, no thing
        (300.0, "Yo reparo la grieta mañana.", []),  # long after
    ],
)
def test_what_is_said_about_a_photo_cites_it(start: float, quote: str, cited: list[str]) -> None:
    line, evidence = said("s1", start, quote)
    item, claim = task("Hacerlo", evidence), Claim("Se hace", (evidence,))
    findings = Findings("es", "Algo.", (claim,), (claim,), (item,), (claim,))
    merged = merge_photos(findings, [line], PHOTOS, "es")
    claims = (*merged.decisions, *merged.open_questions, *merged.risks)
    found = [*(item.evidence for item in claims), *(item.evidence for item in merged.action_items)]
    assert found == [(evidence, *frames(*cited))] * 4


@pytest.mark.parametrize(
    ("quote", "cited"),
    [
        ("Let's put up that sign again.", ["f1"]),
        ("Somebody has to fix this.", ["f1"]),
        ("I'll repair the fence.", ["f1"]),
        ("I'll move the cars.", ["f1"]),
        ("I'll do this tomorrow.", []),
        ("I think that people will come this week.", []),
    ],
)
def test_english_points_at_photos_too(quote: str, cited: list[str]) -> None:
    line, evidence = said("s1", 20.0, quote)
    photos = [seen("f1", 25, "There is a broken fence and a car.", language="en")]
    merged = merge_photos(Findings("en", "x", action_items=(task("It", evidence),)), [line], photos, "en")
    assert merged.action_items[0].evidence == (evidence, *frames(*cited))


def test_photos_give_the_language_if_nothing_was_said() -> None:
    photos = [seen("f1", 1, None), seen("f2", 2, "Una calle.")]
    assert merge_photos(Findings("und"), [], photos, "und").language == "es"
    assert merge_photos(Findings("en"), [], photos, "und").language == "en"
    assert merge_photos(Findings("und"), [], photos[:1], "und").language == "und"


def test_risks_are_told_in_the_language_of_the_analysis_where_they_can_be() -> None:
    spoken = {"es": "Hay un cuchillo.", "en": "There is a knife."}
    risk = replace(warning("sharp", spoken["en"]), spoken=spoken)
    found = merge_photos(Findings("es"), [], [seen("f1", 1, "A table.", risk, language="en")], "es").risks
    assert [claim.text for claim in found] == ["Hay un cuchillo."]


def test_without_photos_nothing_changes() -> None:
    findings = Findings("es", "Algo.")
    assert merge_photos(findings, [], [], "es") == findings


def test_a_version_keeps_the_photos_in_order() -> None:
    photos = [
        seen("f2", 9, None, duplicate_of="f1"),
        seen("f1", 5, "Una calle.", danger("fire", "Fuego.")),
        seen("f3", 12, None),
    ]
    assert analysed_photos(photos) == (
        AnalysedPhoto("f1", NOW + 5, 5, "Una calle.", ("Fuego.",)),
        AnalysedPhoto("f2", NOW + 9, 9, "Una calle.", ("Fuego.",)),
        AnalysedPhoto("f3", NOW + 12, 12, "", ()),
    )


WORDS = ["calle", "coche", "cuchillo", "esto", "mira", "cartel", "Hay", "fuego", "pared.", "¡Cuidado!", "muy", "x" * 80]
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=25).map(" ".join)
risk = st.builds(
    lambda make, kind, text: make(kind, text),
    st.sampled_from([danger, warning, info]),
    st.sampled_from(["fire", "other", ""]),
    texts,
)
some_photos = st.lists(
    st.tuples(st.floats(-50, 4_000), st.none() | texts, st.lists(risk, max_size=3), st.booleans()), max_size=10
).map(
    lambda rows: [
        seen(f"f{n}", at, text, *risks, duplicate_of="f0" if again and n else None)
        for n, (at, text, risks, again) in enumerate(rows)
    ]
)


@given(some_photos, st.lists(st.tuples(st.floats(0, 4_000), texts), max_size=6), texts.map(lambda text: text * 8))
def test_all_evidence_holds_and_summaries_stay_short(
    photos: list[SeenPhoto], spoken: list[tuple[float, str]], summary: str
) -> None:
    heard = [said(f"s{n}", at, text) for n, (at, text) in enumerate(spoken)]
    lines = [line for line, _ in heard]
    claims = tuple(Claim(evidence.quote or "", (evidence,)) for _, evidence in heard)
    words = " ".join(summary.split()[:120]) if spoken else ""
    findings = Findings("es", words, claims, risks=claims)
    merged = merge_photos(findings, lines, photos, "es")
    assert check_findings(merged, lines, frames={photo.frame_id for photo in photos}) == merged
    assert len(merged.summary.split()) <= 120
    assert bool(merged.summary) == bool(words or photos)
    assert merge_photos(findings, lines, photos[::-1], "es") == merged
    assert [claim.evidence[:1] for claim in merged.decisions] == [claim.evidence for claim in claims]
