"""What ``bench vision`` counts and compares, and the command as a whole."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from app.cli import app
from app.commands.bench.vision_figures import show
from app.commands.bench.vision_phases import ALONE, BARE, IN_SESSION, NOTHING, SERVER
from app.commands.bench.vision_photos import BenchPhoto, as_glasses_send, made_photos, marked, marked_round, read_photos
from app.commands.bench.vision_references import (
    FITTING,
    PhotoReference,
    compare,
    fitting_kinds,
    read_photo_references,
    totals,
)
from app.commands.bench.vision_timings import Sample, difference, served_stages, summary
from app.domain.errors import ConfigurationError
from app.domain.vision.scene_prompt import RISK_KINDS
from app.domain.vision.wording.lexicon import lexicon_for
from tests.photos import exif, quarters, saved

ANSWER: dict[str, Any] = {
    "description": "A street.",
    "objects": [{"label": "tvmonitor", "confidence": 0.914, "box": [0, 0, 1, 1]}],
    "text": ["North 101", "VENTURA"],
    "risk_details": [{"kind": "vehicle_near", "severity": "warning", "text": "Car ahead", "reason": "It is large."}],
}


def decoded(photo: BenchPhoto) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(photo.data)))


def samples(*walls_ms: float) -> list[Sample]:
    return [Sample("a.jpg", wall_ms, {}) for wall_ms in walls_ms]


@pytest.mark.unit
def test_percentiles_are_told_in_all_and_by_stage() -> None:
    found = [Sample("a.jpg", 10.0, {"detect": 4.0, "segment": 2.0}), Sample("b.jpg", 20.0, {"detect": 6.0})]
    assert summary(found) == {
        "photos": 2,
        "p50_ms": 15.0,
        "p95_ms": 19.5,
        "stages": {"detect": {"p50_ms": 5.0, "p95_ms": 5.9}, "segment": {"p50_ms": 1.0, "p95_ms": 1.9}},
    }
    assert summary([]) == {"photos": 0, "p50_ms": None, "p95_ms": None, "stages": {}}


@pytest.mark.unit
def test_what_no_stage_tells_is_told_as_such() -> None:
    stages = served_stages(130.0, {"decode": 20, "detect": 60, "total": 100})
    assert stages == {"decode": 20.0, "detect": 60.0, "other": 20.0, "total": 100, "transfer": 30.0}


@pytest.mark.unit
@pytest.mark.parametrize(
    ("bare_ms", "served_ms", "met"),
    [(100.0, 115.0, True), (100.0, 116.0, False), (1000.0, 1050.0, True), (1000.0, 1051.0, False), (9.0, 8.0, True)],
)
def test_the_server_may_add_the_more_generous_of_a_share_and_a_time(
    bare_ms: float, served_ms: float, met: bool
) -> None:
    assert difference(samples(bare_ms), samples(served_ms))["met"] is met


@pytest.mark.unit
def test_pairs_tell_a_difference_that_slow_photos_hide() -> None:
    found = difference(samples(10, 1000, 2000), samples(15, 1005, 2005))
    assert (found["p50_ms"], found["paired_median_ms"], found["p50_share"]) == (5.0, 5.0, 0.005)
    assert difference([], [])["met"] is None


@pytest.mark.unit
@pytest.mark.parametrize("quality", [25, 92])
def test_every_mark_gives_other_pixels_also_after_heavy_compression(quality: int) -> None:
    photo = BenchPhoto("a.jpg", saved(quarters()))
    shown = {decoded(marked(photo, number, quality=quality))[:8, :32].tobytes() for number in range(600)}
    assert len(shown) == 600


@pytest.mark.unit
def test_rounds_and_copies_never_repeat_pixels_and_leave_the_rest_as_it_was() -> None:
    photo = made_photos(1)[0]
    sent = [copy for number in range(3) for copy in marked_round([photo], number, glasses=False, copies=3)[0]]
    assert len({copy.data for copy in sent}) == 9
    assert len({decoded(copy)[40:].tobytes() for copy in sent}) == 1


@pytest.mark.unit
def test_glasses_send_small_upright_photos_of_low_quality() -> None:
    turned = BenchPhoto("a.jpg", saved(quarters(1280, 640), exif=exif(6)))
    small = as_glasses_send(turned)
    assert Image.open(io.BytesIO(small.data)).size == (320, 640)
    assert len(small.data) < len(turned.data)


@pytest.mark.unit
def test_photos_of_a_folder_are_read_in_order_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b.PNG").write_bytes(saved(quarters(), "PNG"))
    (tmp_path / "a.jpg").write_bytes(saved(quarters()))
    (tmp_path / "references.json").write_text("[]")
    assert [photo.name for photo in read_photos(tmp_path)] == ["a.jpg", "b.PNG"]
    (tmp_path / "c.webp").write_bytes(b"RIFF")
    with pytest.raises(ConfigurationError, match=r"c\.webp is no photo"):
        read_photos(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="no JPEG"):
        read_photos(tmp_path / "empty")
    with pytest.raises(ConfigurationError, match="no folder"):
        read_photos(tmp_path / "none")


@pytest.mark.unit
def test_references_are_read_with_defaults(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    path.write_text(json.dumps([{"file": "a.jpg", "must_detect": ["car"], "risk": None}, {"file": "b.jpg"}]))
    assert read_photo_references(path) == {"a.jpg": PhotoReference(("car",)), "b.jpg": PhotoReference()}


@pytest.mark.unit
@pytest.mark.parametrize("content", ["{", "[1]", '[{"name": "a"}]', '[{"file": "a", "ocr_regex": "("}]', "3"])
def test_what_holds_no_references_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "references.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="holds no references"):
        read_photo_references(path)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("risk", "kind", "fits"),
    [
        ("Oncoming vehicles", "vehicle_near", True),
        ("crossing/traffic", "crossing", True),
        ("sharp knife", "sharp", True),
        ("slippery ground", "crowd", False),
        ("carpet", "vehicle_near", False),
        ("", "sharp", False),
    ],
)
def test_words_of_a_reference_and_the_kinds_that_fit(risk: str, kind: str, fits: bool) -> None:
    assert (kind in fitting_kinds(risk)) is fits


@pytest.mark.unit
def test_all_kinds_that_fit_something_are_told_by_some_describer() -> None:
    told = {*RISK_KINDS, *lexicon_for("en").risks}
    assert {kind for _, kinds in FITTING for kind in kinds} - told == set()


@pytest.mark.unit
def test_a_photo_is_compared_with_what_it_shows() -> None:
    seen = PhotoReference(("tv", "person"), "101 ventura", "vehicles ahead")
    row = compare("a.jpg", ANSWER, seen)
    assert (row["missed"], row["must_detect"]) == (["person"], 2)
    assert (row["text_found"], row["risk_found"]) == (True, True)
    assert row["objects"] == ["tvmonitor 0.91"]
    nothing = compare("b.jpg", ANSWER, PhotoReference())
    assert (nothing["text_found"], nothing["risk_found"]) == (None, None)
    missed = compare("c.jpg", ANSWER, PhotoReference(ocr_regex="STOP", risk="stairs"))
    assert totals([row, nothing, missed, compare("d.jpg", ANSWER, None)]) == {
        "photos": 3,
        "must_detect": {"found": 1, "of": 2},
        "texts": {"found": 1, "of": 2},
        "risks": {"found": 1, "of": 2},
    }
    assert totals([compare("d.jpg", ANSWER, None)]) is None


@pytest.mark.unit
def test_a_folder_or_a_recording_that_is_not_there_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    for options in (["--speech", str(tmp_path / "none.wav")], [str(tmp_path / "none")]):
        done = CliRunner().invoke(app, ["bench", "vision", "--profile", "dummy", *options])
        assert done.exit_code == 1
        assert "there is no" in done.output


@pytest.mark.slow
def test_the_command_measures_photos_on_a_server_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, photos, output = tmp_path / "temporary", tmp_path / "photos", tmp_path / "figures.json"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    photos.mkdir()
    for photo in made_photos(3):
        (photos / photo.name).write_bytes(photo.data)
    (photos / "references.json").write_text(json.dumps([{"file": "made-0.jpg", "must_detect": ["submarine"]}]))
    options = ["--profile", "dummy", "--rounds", "2", "--sessions", "2", "--every", "0", "--glasses"]
    command = ["bench", "vision", str(photos), *options, "--out", str(output)]
    done = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "times the idle one" in done.output
    figures = json.loads(output.read_text(encoding="utf-8"))
    assert (figures["model"], figures["photos"], figures["profile"]) == ("dummy", 3, "dummy")
    assert set(figures["latency"]) == {"as they are", "as glasses send them"}
    for idle in figures["latency"].values():
        assert idle["skipped"] == 0
        assert [idle["ways"][way]["photos"] for way in (BARE, ALONE, IN_SESSION)] == [6, 6, 6]
        assert idle["ways"][ALONE]["stages"]["total"]["p50_ms"] <= idle["ways"][ALONE]["p50_ms"]
    loaded = figures["under_load"]
    assert (loaded["answers"]["photos"], loaded["refused"], loaded["skipped"]) == (6, 0, 0)
    assert all(waits["samples"] > 0 for waits in loaded["stalls"].values())
    assert figures["quality"]["totals"]["must_detect"] == {"found": 0, "of": 1}
    assert all(moment["server_mib"] > 30 for moment in figures["memory"]["moments"])
    assert figures["memory"]["moments"][1]["decoders_mib"] > 0
    assert list(temporary.iterdir()) == []


@pytest.mark.unit
def test_figures_without_load_and_references_are_shown() -> None:
    idle = {"ways": {way: summary(samples(1.0)) for way in (BARE, ALONE, IN_SESSION)}, "more_than_bare": {}}
    stalls = {"p50_s": 0.001, "p99_s": 0.01, "p999_s": 0.0301, "longest_below_s": None, "met": False}
    figures = {
        "machine": {"processor": "x", "cores": 2, "memory_gb": 4, "system": "Linux", "python": "3.11"},
        "load_average": {"before": None, "after": None},
        "model": "dummy",
        "photos": 1,
        "source": "made up",
        "rounds": 1,
        "latency": {"as they are": {**idle, "skipped": 2, "stalls": {SERVER: stalls, NOTHING: stalls}}},
        "under_load": None,
        "memory": {"moments": [], "describer_mib": None},
        "quality": {"totals": None, "photos": [compare("[a].jpg", ANSWER, None)]},
    }
    console = Console(record=True, width=200)
    show(console, figures)
    told = console.export_text()
    assert (
        "idle, server: p50 1.0 ms, p99 10.0 ms, p99.9 30.1 ms, longest unknown (allowed p99.9 20 ms: not met)" in told
    )
    assert "the models did not look: 2" in told
    assert "[a].jpg" in told
    assert "warning vehicle_near: Car ahead" in told
