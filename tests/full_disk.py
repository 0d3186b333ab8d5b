"""Disks that take no more."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from app.domain.errors import StorageError
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionKey


@contextlib.contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """A disk that is full at ``limit`` bytes a file, while the block runs. Skips where processes know no such limit (Windows)."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class FullDisk(SessionStore):
    """A session store that raises at the first ``save`` or ``list``."""

    def __init__(self, store: SessionStore, error: Exception | None = None) -> None:
        self._store = store
        self._errors = [error or StorageError("the disk is full")]

    async def create(self, session: Session) -> None:
        await self._store.create(session)

    async def get(self, key: SessionKey) -> Session:
        return await self._store.get(key)

    async def save(self, session: Session) -> None:
        self._refuse()
        await self._store.save(session)

    async def list(self, *filters: Any, **options: Any) -> Sequence[Session]:
        self._refuse()
        return await self._store.list(*filters, **options)

    async def delete(self, key: SessionKey) -> None:
        await self._store.delete(key)

    def _refuse(self) -> None:
        if self._errors:
            raise self._errors.pop()
