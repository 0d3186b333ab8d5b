import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.domain.errors import ConfigurationError
from app.infrastructure.runtime.data_lock import lock_data_dir

pytestmark = pytest.mark.unit
ROOT = Path(__file__).parents[2]
HOLD = """
import pathlib, sys
from app.infrastructure.runtime.data_lock import lock_data_dir
lock = lock_data_dir(pathlib.Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_second_server_is_told_what_to_do(tmp_path: Path) -> None:
    with (
        lock_data_dir(tmp_path / "data"),
        pytest.raises(ConfigurationError, match=r"stop it, or .* --data-dir") as told,
    ):
        lock_data_dir(tmp_path / "data")
    assert told.value.code == "data_dir_in_use"
    lock_data_dir(tmp_path / "data").close()


def test_other_folders_are_free(tmp_path: Path) -> None:
    with lock_data_dir(tmp_path / "a"), lock_data_dir(tmp_path / "b"):
        assert (tmp_path / "b").is_dir()


def test_another_thread_may_let_go(tmp_path: Path) -> None:
    lock = lock_data_dir(tmp_path)
    thread = threading.Thread(target=lock.close)
    thread.start()
    thread.join()
    lock_data_dir(tmp_path).close()
    lock.close()


def test_a_killed_server_holds_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"locked"
        with pytest.raises(ConfigurationError):
            lock_data_dir(tmp_path)
        child.kill()
        child.wait()
    lock_data_dir(tmp_path).close()


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be locked"):
        lock_data_dir(tmp_path / "file")
