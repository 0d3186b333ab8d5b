"""The photos of the demo: data of a package, checked, and no reason for the demo to fail."""

import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path

import pytest

from app.commands.demo_photos import DEMO_PHOTOS, demo_photos
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.catalog.entries import ModelEntry, ModelFile, WheelPart, read_catalog
from app.infrastructure.catalog.sources.wheels import WheelSource
from tests.coloured_photos import GREEN, RED, photo

pytestmark = pytest.mark.unit
PACKAGE, VERSION = "pictures", "1.0.0"
PHOTOS = {"cup.jpg": photo(GREEN), "cat.jpg": photo(RED)}


def entry() -> ModelEntry:
    def file(name: str, data: bytes) -> ModelFile:
        digest = hashlib.sha256(data).hexdigest()
        part = WheelPart(PACKAGE, VERSION, f"{PACKAGE}/data/{name}", len(data), digest)
        return ModelFile(name, len(data), digest, (part,))

    files = tuple(file(name, data) for name, data in PHOTOS.items())
    return ModelEntry(DEMO_PHOTOS, "pictures", "demo photos", "CC0-1.0", 0, files)


def catalog_over(wheels: Path, models: Path) -> Catalog:
    env = {
        "PATH": os.environ["PATH"],
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
    }
    return Catalog(models, [WheelSource(env)], entries={DEMO_PHOTOS: entry()})


def write_platform_wheel(folder: Path) -> None:
    """A wheel for this Python alone, as packages with compiled parts have, whose module must never run."""
    folder.mkdir(parents=True)
    info = f"{PACKAGE}-{VERSION}.dist-info"
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as wheel:
        wheel.writestr(f"{PACKAGE}/__init__.py", "raise SystemExit('imported')")
        for name, data in PHOTOS.items():
            wheel.writestr(f"{PACKAGE}/data/{name}", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    (folder / f"{PACKAGE}-{VERSION}-{tag}-none-any.whl").write_bytes(body.getvalue())


def test_photos_are_fetched_once_and_named_in_order(tmp_path: Path) -> None:
    write_platform_wheel(tmp_path / "wheels")
    told: list[str] = []
    for wheels in (tmp_path / "wheels", tmp_path / "nowhere"):
        paths = demo_photos(catalog_over(wheels, tmp_path / "models"), told.append)
        assert {path.name: path.read_bytes() for path in paths} == PHOTOS
        assert [path.name for path in paths] == list(PHOTOS)
    assert told == []


def test_without_a_network_the_demo_goes_on(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    told: list[str] = []
    assert demo_photos(catalog_over(tmp_path / "empty", tmp_path / "models"), told.append) == []
    assert len(told) == 1
    assert told[0].startswith("the demo goes on without photos: ")


def test_the_catalog_names_who_took_them() -> None:
    known = read_catalog()[DEMO_PHOTOS]
    assert known.source_kinds == ("packages",)
    for name in ("Lav Varshney", "Stefan van der Walt", "NASA"):
        assert name in known.note
    assert "CC0" in known.licence
    assert {part.package for file in known.files for part in file.parts} == {"scikit-image"}
