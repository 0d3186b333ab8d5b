"""Small models, wheels and sources for the catalog's tests."""

import hashlib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from app.infrastructure.catalog.entries import HubPin, ModelEntry, ModelFile, WheelPart
from app.infrastructure.catalog.source import Advance, ModelSource, Piece, SourceError

PIECE_BYTES = 1000
CONFIG = b'{"layers": 2}'
WEIGHTS = bytes(range(256)) * 14  # 3584 bytes: three whole pieces and a rest
CONTENTS = {"config.json": CONFIG, "model.bin": WEIGHTS}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def cut(data: bytes, size: int = PIECE_BYTES) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def package_of(file_name: str, index: int) -> str:
    return f"tiny-{file_name.split('.')[0]}-part{index}"


def wheel_parts(file_name: str, data: bytes) -> tuple[WheelPart, ...]:
    return tuple(
        WheelPart(package_of(file_name, n), "1.0", f"data/part{n}.bin", len(piece), sha256(piece))
        for n, piece in enumerate(cut(data))
    )


def tiny_entry(name: str = "tiny", contents: Mapping[str, bytes] = CONTENTS, opens: str | None = None) -> ModelEntry:
    files = tuple(ModelFile(file, len(data), sha256(data), wheel_parts(file, data)) for file, data in contents.items())
    return ModelEntry(
        name, "A tiny model", "speech recognition", "MIT", 1, files, HubPin("owner/tiny", "c0ffee"), opens
    )


def write_wheel(folder: Path, package: str, members: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    stem = package.replace("-", "_")
    path = folder / f"{stem}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{stem}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(
            f"{stem}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{stem}-1.0.dist-info/RECORD", "")
    return path


def write_wheels(folder: Path, entry: ModelEntry, contents: Mapping[str, bytes] = CONTENTS) -> None:
    for file in entry.files:
        for part, data in zip(file.parts, cut(contents[file.name]), strict=True):
            write_wheel(folder, part.package, {part.member: data})


class MemorySource(ModelSource):
    """Delivers from memory, piece by piece; ``before_piece`` may raise or wait, ``spoil`` changes what is delivered."""

    def __init__(
        self,
        contents: Mapping[str, bytes] = CONTENTS,
        name: str = "memory",
        before_piece: Callable[[int], None] = lambda delivered: None,
        spoil: Callable[[bytes], bytes] = lambda data: data,
    ) -> None:
        self.name = name
        self.delivered: list[str] = []
        self._contents = contents
        self._before_piece = before_piece
        self._spoil = spoil

    def pieces(self, entry: ModelEntry, file: ModelFile, workspace: Path) -> Sequence[Piece]:
        if file.name not in self._contents:
            raise SourceError(f"no {file.name} in memory")
        return [self._piece(f"{file.name}#{n}", data) for n, data in enumerate(cut(self._contents[file.name]))]

    def _piece(self, label: str, data: bytes) -> Piece:
        def fetch(target: Path, advance: Advance) -> None:
            target.write_bytes(data[: len(data) // 2])
            self._before_piece(len(self.delivered))
            target.write_bytes(self._spoil(data))
            self.delivered.append(label)
            advance(len(data))

        return Piece(label, len(data), sha256(data), fetch)
