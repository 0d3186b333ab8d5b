"""The photos of the demo: real ones that come with a package of image processing, used as data."""

from collections.abc import Callable
from pathlib import Path

from app.commands.pull_progress import pull_entries
from app.domain.errors import ConfigurationError, StorageError
from app.infrastructure.catalog.catalog import Catalog

DEMO_PHOTOS = "demo-photos"
"""Their name in the catalog, which also says who took them."""


def demo_photos(catalog: Catalog, tell: Callable[[str], None]) -> list[Path]:
    """The photos, fetched if they are not there; none, and a reason told, if they cannot be had."""
    try:
        entry = catalog.entry(DEMO_PHOTOS)
        pull_entries(catalog, [entry])
        folder = catalog.locate(DEMO_PHOTOS)
    except (ConfigurationError, StorageError) as error:
        tell(f"the demo goes on without photos: {error.message}")
        return []
    return [folder / file.name for file in entry.files]
