"""Where a session's files lie: ``<data_dir>/owners/<owner>/sessions/<session_id>/``, see ``folder_name``."""

import contextlib
import os
import re
from pathlib import Path

from app.domain.errors import InvalidInput
from app.domain.session.models import SessionKey

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ENCODED = re.compile(r"[A-Z]|\.\Z|\A(?=(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)).")
"""What some file systems take for something else: macOS and Windows do not tell cases apart, Windows drops a dot at the
end and keeps the names of devices for itself (Microsoft Learn, "Naming Files, Paths, and Namespaces")."""


class SessionFiles:
    """Turns a session's key into paths, and refuses keys that could lead elsewhere."""

    def __init__(self, data_dir: Path) -> None:
        self._owners = data_dir / "owners"

    def owner_folder(self, owner: str) -> Path:
        """Holds everything of one owner.

        Raises:
            InvalidInput: not a name that may be part of a path.
        """
        return self._owners / folder_name(_checked(owner, "owner"))

    def folder(self, key: SessionKey) -> Path:
        """Holds everything of one session; not made here.

        Raises:
            InvalidInput: owner or id may not be part of a path.
        """
        return self.owner_folder(key.owner) / "sessions" / folder_name(_checked(key.session_id, "session_id"))

    def uploads_folder(self, owner: str) -> Path:
        """Holds an owner's uploads while they are read in; not made here.

        Raises:
            InvalidInput: not a name that may be part of a path.
        """
        return self.owner_folder(owner) / "uploads"

    def uploads(self) -> list[Path]:
        """The uploads of all owners. Blocking."""
        return list(self._owners.glob("*/uploads/*"))

    def stored_bytes(self, owner: str) -> int:
        """What an owner's session files take on disk. Blocking."""
        walk = os.walk(self.owner_folder(owner) / "sessions")  # which does not mind folders that are deleted meanwhile
        return sum(_size(Path(folder, name)) for folder, _, names in walk for name in names)


def folder_name(name: str) -> str:
    """An id or owner as a folder's name that every file system tells from all others'.

    Percent-encoded (``urllib.parse.unquote`` reverses it) are upper-case letters, a dot at the end, and the first letter
    of a Windows device's name; all else stays readable: ``Meeting-1`` becomes ``%4deeting-1``.
    """
    return _ENCODED.sub(lambda found: f"%{ord(found[0]):02x}", name)


def make_durable_folder(folder: Path) -> None:
    """Make a folder and its parents so that they survive power loss: each new name is synced in its parent."""
    missing = [folder] if not folder.exists() else []
    while missing and not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    folder.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can (Windows cannot open folders, and needs no such call)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(name: str, param: str) -> str:
    if not _NAME.fullmatch(name) or name in {".", ".."}:
        raise InvalidInput(
            f"{param} must be 1 to 64 characters of A-Z a-z 0-9 . _ - and not . or ..",
            param=param,
            code=f"invalid_{param}",
        )
    return name


def _size(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
