"""Where uploads lie while they are read in: ``<data_dir>/owners/<owner>/uploads/``."""

from pathlib import Path

from app.domain.errors import ConfigurationError
from app.infrastructure.runtime.session_files import SessionFiles


class UploadFolders:
    """One for each owner."""

    def __init__(self, files: SessionFiles) -> None:
        self._files = files

    def folder(self, owner: str) -> Path:
        """An owner's, made if there is none. Blocking.

        Raises:
            OSError: the disk refused.
        """
        folder = self._files.uploads_folder(owner)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def clear(self) -> None:
        """Remove what a crash left behind, of all owners. Blocking.

        Raises:
            ConfigurationError: the data folder cannot be written to.
        """
        try:
            for left_behind in self._files.uploads():
                left_behind.unlink()
        except OSError as error:
            raise ConfigurationError(
                f"an unfinished upload of an earlier run cannot be removed ({error.strerror}): let this user write to the "
                "data folder, or choose another with --data-dir",
                param="data_dir",
            ) from error
