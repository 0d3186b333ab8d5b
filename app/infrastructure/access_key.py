"""The key that clients show to a server that is reachable from other machines, kept as a hash in the data folder."""

import contextlib
import hashlib
import os
import re
import secrets
from pathlib import Path

from app.domain.errors import ConfigurationError

FILE_NAME = "access_key.sha256"
KEY_BYTES = 32
_HASH = re.compile(r"[0-9a-f]{64}")


class AccessKeyFile:
    """One line: the key's SHA-256 in hex. Delete the file to get a new key at the next start."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE_NAME

    def load_or_make(self) -> tuple[str, str | None]:
        """The key's hash; and the key itself if it was made just now, to be shown once. Blocking.

        Raises:
            ConfigurationError: the file cannot be read or written, or holds something else.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                return self._load(), None
            return self._make()
        except OSError as error:
            raise ConfigurationError(f"the access key cannot be kept in {self._path}: {error.strerror}") from error

    def _load(self) -> str:
        stored = self._path.read_text(encoding="ascii", errors="replace").strip()
        if not _HASH.fullmatch(stored):
            raise ConfigurationError(f"{self._path} is damaged; delete it to have a new access key made")
        return stored

    def _make(self) -> tuple[str, str]:
        key = secrets.token_urlsafe(KEY_BYTES)
        hashed = hashlib.sha256(key.encode()).hexdigest()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(hashed + "\n")
        return hashed, key
