"""What every source of model files keeps to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import pytest

from app.infrastructure.catalog.source import ModelSource, SourceError
from tests.catalog_models import CONFIG, WEIGHTS, sha256, tiny_entry

SMALL = {"config.json": CONFIG, "model.bin": WEIGHTS[:1500]}
ENTRY = tiny_entry(contents=SMALL)


class ModelSourceContract(ABC):
    """Subclass it once for each source."""

    @abstractmethod
    def source(self, tmp_path: Path, contents: Mapping[str, bytes]) -> ModelSource:
        """A source that has these files of ``ENTRY`` and no others."""

    def fetched(self, source: ModelSource, tmp_path: Path, index: int) -> bytes:
        """One file's bytes, put together."""
        workspace, data = tmp_path / "workspace", b""
        for piece in source.pieces(ENTRY, ENTRY.files[index], workspace):
            target = tmp_path / "piece"
            piece.fetch(target, lambda arrived: None)
            assert target.stat().st_size == piece.size_bytes
            assert sha256(target.read_bytes()) == piece.sha256
            data += target.read_bytes()
        return data

    def test_pieces_joined_in_order_are_the_file(self, tmp_path: Path) -> None:
        source = self.source(tmp_path, SMALL)
        before = set(tmp_path.rglob("*"))
        assert self.fetched(source, tmp_path, 0) == SMALL["config.json"]
        assert self.fetched(source, tmp_path, 1) == SMALL["model.bin"]
        new = {path.relative_to(tmp_path).parts[0] for path in set(tmp_path.rglob("*")) - before}
        assert new <= {"piece", "workspace"}, "it writes nowhere else"

    def test_a_file_that_is_not_there_is_a_source_error(self, tmp_path: Path) -> None:
        source = self.source(tmp_path, {"config.json": CONFIG})
        with pytest.raises(SourceError, match=r"."):
            self.fetched(source, tmp_path, 1)
