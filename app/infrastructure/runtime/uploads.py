"""Where uploads lie while they are read in."""

from pathlib import Path

from app.domain.errors import ConfigurationError

FOLDER = "uploads"


def empty_uploads_dir(data_dir: Path) -> Path:
    """The folder for uploads, without what a crash left behind. Blocking.

    Raises:
        ConfigurationError: it cannot be written to.
    """
    folder = data_dir / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left_behind in folder.iterdir():
            left_behind.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"the data folder {data_dir} cannot be written to ({error.strerror}); choose another with --data-dir",
            param="data_dir",
        ) from error
    return folder
