"""Finding models by name and by path, and what the catalog file says."""

import hashlib
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError
from app.infrastructure.catalog.catalog import Catalog
from app.infrastructure.catalog.entries import ModelEntry, ModelFile, read_catalog
from app.settings import Settings
from tests.catalog_models import CONTENTS, MemorySource, tiny_entry

pytestmark = pytest.mark.unit


def catalog_of(tmp_path: Path, *entries: ModelEntry) -> Catalog:
    return Catalog(tmp_path / "models", [MemorySource()], entries={entry.name: entry for entry in entries})


def test_a_model_of_one_file_is_that_file(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, tiny_entry(opens="model.bin"))
    assert catalog.pull("tiny") == tmp_path / "models" / "tiny" / "model.bin"


def test_an_absent_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="python -m app models pull tiny"):
        catalog_of(tmp_path, tiny_entry()).locate("tiny")


def test_an_absent_model_without_a_source_says_where_to_put_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "models")
    with pytest.raises(ConfigurationError, match=r"put deeplab_cityscapes\.tflite into the folder") as absent:
        catalog.locate("street-segmentation")
    assert str(tmp_path / "models") in absent.value.message
    assert "pull" not in absent.value.message


def test_a_model_put_there_by_hand_is_checked_once(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    for name, data in CONTENTS.items():
        (folder / name).write_bytes(data)
    catalog = catalog_of(tmp_path, tiny_entry())
    assert not catalog.store.is_verified(catalog.entry("tiny"))
    assert catalog.locate("tiny") == folder
    assert catalog.store.is_verified(catalog.entry("tiny"))


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, tiny_entry())
    (catalog.pull("tiny") / "model.bin").write_bytes(b"short")
    with pytest.raises(ConfigurationError, match=r"model.bin has 5 bytes instead of 3584.*models pull tiny"):
        catalog.locate("tiny")


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"'nothing'.*known are tiny"):
        catalog_of(tmp_path, tiny_entry()).locate("nothing")
    with pytest.raises(ConfigurationError, match="known are tiny"):
        catalog_of(tmp_path, tiny_entry()).pull("../tiny")


def test_any_gguf_file_may_be_given_by_path(tmp_path: Path) -> None:
    good, bad = tmp_path / "any.gguf", tmp_path / "bad.gguf"
    good.write_bytes(b"GGUF\x03\x00\x00\x00")
    bad.write_bytes(b"<html>")
    assert catalog_of(tmp_path).locate(str(good)) == good
    with pytest.raises(ConfigurationError, match="is no GGUF file"):
        catalog_of(tmp_path).locate(str(bad))


def test_any_ctranslate2_folder_may_be_given_by_path(tmp_path: Path) -> None:
    folder = tmp_path / "whisper"
    folder.mkdir()
    with pytest.raises(ConfigurationError, match=r"neither model\.bin"):
        catalog_of(tmp_path).locate(str(folder))
    (folder / "model.bin").write_bytes(b"weights")
    assert catalog_of(tmp_path).locate(str(folder)) == folder


def test_bundled_models_are_found_without_importing_their_package(tmp_path: Path) -> None:
    there = ModelEntry("there", "", "", "MIT", 1, bundled="json/.")
    gone = ModelEntry("gone", "", "", "MIT", 1, bundled="no_such_package/weights")
    catalog = catalog_of(tmp_path, there, gone)
    assert (catalog.locate("there") / "decoder.py").is_file()
    assert catalog.pull("there") == catalog.locate("there")
    assert not catalog.is_installed(gone)
    assert catalog.verify("gone") == ["no_such_package/weights is missing; install the application again"]
    with pytest.raises(ConfigurationError, match="install the application again"):
        catalog.locate("gone")
    with pytest.raises(ConfigurationError, match="cannot be removed"):
        catalog.remove("there")


def test_a_model_without_a_source_may_lie_loose_in_the_models_folder(tmp_path: Path) -> None:
    content = b"weights"
    file = ModelFile("weights.onnx", len(content), hashlib.sha256(content).hexdigest())
    local = ModelEntry("local", "", "", "MIT", 1, files=(file,), opens=file.name)
    catalog = catalog_of(tmp_path, local)
    with pytest.raises(ConfigurationError, match="not installed"):
        catalog.locate("local")
    (tmp_path / "models").mkdir()
    loose = tmp_path / "models" / file.name
    loose.write_bytes(b"changed")
    with pytest.raises(ConfigurationError, match="not installed"):
        catalog.locate("local")
    loose.write_bytes(content)
    assert catalog.is_installed(local)
    assert catalog.locate("local") == loose


def test_the_catalog_holds_what_the_default_profile_needs() -> None:
    entries, settings = read_catalog(), Settings(profile="cpu")
    assert settings.models.transcriber_model in entries
    assert settings.models.language_model_model in entries
    for entry in entries.values():
        assert entry.licence
        assert entry.source_kinds or "in the models folder" in entry.note, f"{entry.name} can be had nowhere"
        assert all(len(file.sha256) == 64 for file in entry.files)
        assert entry.opens is None or entry.opens in {file.name for file in entry.files}
        assert entry.hub is None or len(entry.hub.revision) == 40, "a commit, not a branch"


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden"])
def test_names_in_the_catalog_are_plain_file_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(
        f'[[model]]\nname = "x"\ntitle = ""\nrole = ""\nlicence = ""\nmemory_mb = 1\n'
        f'[[model.file]]\nname = "{name}"\nbytes = 1\nsha256 = ""\n'
    )
    with pytest.raises(ConfigurationError, match="no plain file name"):
        read_catalog(path)


def test_parts_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(
        '[[model]]\nname = "x"\ntitle = ""\nrole = ""\nlicence = ""\nmemory_mb = 1\n'
        '[[model.file]]\nname = "f"\nbytes = 9\nsha256 = ""\n'
        'parts = [{ package = "p", version = "1", member = "m", bytes = 8, sha256 = "" }]\n'
    )
    with pytest.raises(ConfigurationError, match="do not add up"):
        read_catalog(path)
