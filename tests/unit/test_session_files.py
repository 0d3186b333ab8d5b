from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidInput
from app.domain.session.models import SessionKey
from app.infrastructure.runtime.session_files import SessionFiles, folder_name

pytestmark = pytest.mark.unit
IDS = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


@pytest.mark.parametrize("name", ["a", "meeting-1", "2026-01-02_10.30", ".hidden", "console", "com", "com10", "a.con"])
def test_most_names_stay_as_they_are(name: str) -> None:
    assert folder_name(name) == name


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Meeting-1", "%4deeting-1"),
        ("ABC", "%41%42%43"),
        ("con", "%63on"),
        ("nul.txt", "%6eul.txt"),
        ("lpt1", "%6cpt1"),
        ("a.", "a%2e"),
        ("con.", "%63on%2e"),
        ("Aux", "%41ux"),
    ],
)
def test_names_that_file_systems_confuse_are_encoded(name: str, folder: str) -> None:
    assert folder_name(name) == folder


@given(IDS)
def test_any_name_is_safe_on_every_file_system_and_can_be_told_back(name: str) -> None:
    folder = folder_name(name)
    assert unquote(folder) == name
    assert folder == folder.lower()
    assert len(folder) <= 255
    assert not folder.endswith(".") or name in {".", ".."}
    assert folder.split(".")[0] not in DEVICES


def test_sessions_that_differ_in_case_have_folders_of_their_own(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path)
    for owner in ("ana", "Ana"):
        for session_id in ("a", "A"):
            files.folder(SessionKey(owner, session_id)).mkdir(parents=True)
            (files.folder(SessionKey(owner, session_id)) / "audio").write_bytes(b"1234")
    assert len({str(path).lower() for path in tmp_path.glob("owners/*/sessions/*")}) == 4
    assert files.stored_bytes("Ana") == 8


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a\\b", "a%41", "a b", "a\n", "ñ", "x" * 65])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    files = SessionFiles(tmp_path)
    for key in (SessionKey("ana", name), SessionKey(name, "first")):
        with pytest.raises(InvalidInput):
            files.folder(key)
