"""What the process takes, could take, and gives back."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.infrastructure.runtime import memory

MEGABYTE = 1_000_000
NONE = Path("none")


@pytest.fixture
def cgroups(tmp_path: Path) -> tuple[Path, Path]:
    """An empty tree, and a process in its group ``a/b``."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    return tmp_path, own


def write(folder: Path, limit: str, current: int, cache: int = 0) -> None:
    (folder / "memory.max").write_text(limit + "\n")
    (folder / "memory.current").write_text(f"{current}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cache}\nactive_file 5\n")


@pytest.mark.unit
def test_without_cgroups_the_machine_is_the_limit() -> None:
    assert memory.total_bytes(NONE, NONE) <= psutil.virtual_memory().total
    assert 0 < memory.available_bytes(NONE, NONE) <= psutil.virtual_memory().total


@pytest.mark.unit
def test_the_narrowest_cgroup_counts_and_cache_is_free(cgroups: tuple[Path, Path]) -> None:
    root, own = cgroups
    write(root / "a" / "b", "max", 10 * MEGABYTE)
    write(root / "a", str(100 * MEGABYTE), 60 * MEGABYTE, cache=20 * MEGABYTE)
    assert memory.total_bytes(root, own) == 100 * MEGABYTE
    assert memory.available_bytes(root, own) == 60 * MEGABYTE


@pytest.mark.unit
def test_cgroups_of_the_first_version_count_too(tmp_path: Path) -> None:
    group = tmp_path / "memory" / "box"
    group.mkdir(parents=True)
    own = tmp_path / "own"
    own.write_text("3:cpu,cpuacct:/box\n4:memory:/box\n")
    (group / "memory.limit_in_bytes").write_text(f"{80 * MEGABYTE}\n")
    (group / "memory.usage_in_bytes").write_text(f"{30 * MEGABYTE}\n")
    (group.parent / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert memory.total_bytes(tmp_path, own) == 80 * MEGABYTE
    assert memory.available_bytes(tmp_path, own) == 50 * MEGABYTE


@pytest.mark.unit
def test_a_group_that_is_overdrawn_has_nothing_left(cgroups: tuple[Path, Path]) -> None:
    root, own = cgroups
    write(root / "a" / "b", str(10 * MEGABYTE), 30 * MEGABYTE)
    assert memory.available_bytes(root, own) == 0


@pytest.mark.unit
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit may not be set")
def test_a_limit_of_the_address_space_counts() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, resource.RLIM_INFINITY));"
        "from app.infrastructure.runtime import memory; print(memory.total_bytes(), memory.available_bytes())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    total, available = (int(number) for number in done.stdout.split())
    assert total == min(3_000_000_000, psutil.virtual_memory().total)
    assert available < total


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others have nothing to trim")
def test_freed_memory_goes_back_to_the_system() -> None:
    # Blocks below malloc's threshold for mappings of their own: freed behind one that stays, they stay in its heap, too.
    blocks = [np.ones(60_000, np.uint8) for _ in range(3000)]
    del blocks[:-1]
    before = memory.process_bytes()
    memory.give_back()
    assert memory.process_bytes() < before - 100 * MEGABYTE
