"""How much an owner may keep on disk."""

from app.domain.audio.gateway import AudioJournal
from app.domain.errors import Overloaded
from app.domain.session.models import SessionKey

RETRY_AFTER_S = 60.0
"""Room comes from erasing sessions, by hand or by retention; asking more often than this is of no use."""
MEBIBYTE = 1024 * 1024


class AudioQuota:
    """Counts stored bytes by owner: all of them when a recording begins, then what live recordings add."""

    def __init__(self, quota_bytes: int, journal: AudioJournal) -> None:
        """Prepare; ``quota_bytes`` 0 means unlimited."""
        self._quota_bytes = quota_bytes
        self._journal = journal
        self._used: dict[str, int] = {}
        self._sizes: dict[SessionKey, int] = {}

    async def check(self, owner: str, more_bytes: int = 0) -> None:
        """Refuse a new recording of an owner whose quota is used up, or would be with ``more_bytes``.

        Raises:
            Overloaded: it is.
        """
        if self._quota_bytes:
            self._used[owner] = await self._journal.stored_bytes(owner)
            self._refuse_above_quota(owner, more_bytes)

    async def take(self, owner: str, more_bytes: int) -> None:
        """Take note of a file that is about to be stored, such as a photo.

        Raises:
            Overloaded: with it the owner's quota would be used up.
        """
        if self._quota_bytes:
            if self._used.get(owner, self._quota_bytes) + more_bytes >= self._quota_bytes:
                await self.check(owner, more_bytes)  # counts anew: sessions may have been erased
            self._used[owner] += more_bytes

    def begin(self, key: SessionKey, stored_bytes: int) -> None:
        """A recording into the session begins, whose journal takes ``stored_bytes``."""
        self._sizes[key] = stored_bytes

    def stored(self, key: SessionKey, stored_bytes: int) -> None:
        """Take note of what the session's journal takes after a write.

        Raises:
            Overloaded: with it the owner's quota is used up.
        """
        if self._quota_bytes and key in self._sizes:  # else it was erased while it was written
            grown = stored_bytes - self._sizes[key]
            self._sizes[key] = stored_bytes
            self._used[key.owner] = self._used.get(key.owner, 0) + grown
            self._refuse_above_quota(key.owner)

    def forget(self, key: SessionKey) -> None:
        """The session's recording is over."""
        self._sizes.pop(key, None)

    def _refuse_above_quota(self, owner: str, more_bytes: int = 0) -> None:
        if self._used[owner] + more_bytes >= self._quota_bytes:
            raise Overloaded(
                f"what is kept has reached its quota of {self._quota_bytes // MEBIBYTE} MiB; "
                "erase sessions or raise sessions.quota_bytes",
                code="quota_exceeded",
                retry_after_s=RETRY_AFTER_S,
            )
