"""``kill -9`` in the middle of the post-session work."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.session.models import SessionState
from tests.finishing import KEY, SAID, opened

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STEPS = ["begin", "transcribe", "diarize", "describe", "analyze", "publish"]


def start(folder: Path, *hang_in: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.finish_in_child", str(folder), *hang_in],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("step", ["diarize", "describe", "analyze", "publish"])
async def test_a_killed_server_finishes_the_session_once(tmp_path: Path, step: str) -> None:
    with start(tmp_path, step) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "hanging\n"
        killed.kill()
    with start(tmp_path) as restarted:
        assert restarted.wait(60) == 0
    at = STEPS.index(step)
    begun = [line.split()[0] for line in (tmp_path / "log").read_text().splitlines() if line.endswith("begins")]
    assert begun == STEPS[: at + 1] + STEPS[at:], "the interrupted step runs again, no other one does"
    async with opened(tmp_path / "sessions.db") as stored:
        assert (await stored.sessions.get(KEY)).state is SessionState.FINISHED
        assert await stored.transcripts.segments(KEY) == list(SAID)
        assert (await stored.analyses.get(KEY)).version == 1
        assert (await stored.analyses.get(KEY)).complete
        assert await stored.finals() == [1]
