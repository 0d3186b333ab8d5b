"""Rules about the shape of the code that linters do not know."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("tools/**/*.py")])
HEAVY = (
    "torch",
    "transformers",
    "ctranslate2",
    "faster_whisper",
    "llama_cpp",
    "onnxruntime",
    "av",
    "soxr",
    "dbos",
    "scipy",
    "cv2",
    "rapidocr",
    "PIL",
)


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_layers() -> None:
    done = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: length for path, length in lengths.items() if length > 300} == {}


def test_nothing_is_left_to_do() -> None:
    unfinished = re.compile(
        r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b|^\s*pass\s*(#.*)?$", re.MULTILINE
    )
    found = [path.relative_to(ROOT) for path in SOURCES if unfinished.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_nothing_logs_a_traceback_since_its_message_may_quote_what_was_said() -> None:
    logging_one = re.compile(r"\blog\w*\.exception\(|\bexc_info\s*=")
    found = [path.relative_to(ROOT) for path in SOURCES if path.is_relative_to(ROOT / "app")]
    assert [path for path in found if logging_one.search((ROOT / path).read_text(encoding="utf-8"))] == [
        Path("app/telemetry.py")
    ]


def test_importing_the_application_loads_no_heavy_library() -> None:
    loaded = run_python(f"import sys, app.main; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert loaded.strip() == "[]"


def test_dependencies_are_pinned() -> None:
    files = list(ROOT.glob("requirements*.txt"))
    assert {file.stem for file in files} == {"requirements", "requirements-dev", "requirements-gpu"}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            assert line.startswith("#") or "==" in line, f"{file.name}: {line}"


def test_the_default_profile_needs_no_torch() -> None:
    names = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()}
    assert not names & {"torch", "torchaudio", "transformers"}
