"""A session store on a disk that refuses once."""

from collections.abc import Sequence
from typing import Any

from app.domain.errors import StorageError
from app.domain.session.gateway import SessionStore
from app.domain.session.models import Session, SessionKey


class FullDisk(SessionStore):
    """Raises at the first ``save`` or ``list``."""

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
