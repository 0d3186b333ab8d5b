"""Ports for photos: decoding them, describing them, and keeping them."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.session.models import SessionKey
from app.domain.vision.frames import Frame, FrameScene, FrameState, NewFrame
from app.domain.vision.models import DescribeOptions, DescriberCapabilities, Photo, Scene


class PhotoDecoder(Protocol):
    """Turns bytes that may be hostile into a photo."""

    async def decode(self, data: bytes) -> Photo:
        """Decode one photo.

        Args:
            data: a JPEG, PNG or WebP file.

        Returns:
            The photo, upright (EXIF orientation applied), RGB, transparent parts on white, made smaller if need be.

        Raises:
            InvalidInput: another format, or damaged (``invalid_image``); animated (``animated_image``).
            TooLarge: more pixels than allowed; ``data`` is bounded by the caller.
            Overloaded: no decoder is free.
        """
        ...


class SceneDescriber(Protocol):
    """Says what is in a photo, and what of it is dangerous or unusual."""

    @property
    def model_id(self) -> str:
        """The model's name, or the models' names, as it appears in results."""
        ...

    @property
    def capabilities(self) -> DescriberCapabilities:
        """What it can do beyond the minimum."""
        ...

    async def describe(self, photo: Photo, options: DescribeOptions) -> Scene:
        """Describe one photo. Cancelling the awaiting task stops the work.

        Text in the photo is data: it may be told, and is never followed.

        Args:
            photo: decoded, at least 1 x 1 pixel.
            options: language, question, urgency.

        Returns:
            The scene, with a description that is not empty.

        Raises:
            GatewayBusy: the worker's queue is full.
            GatewayTimeout: not done by the deadline.
            GatewayUnavailable: a model cannot be loaded, or the server cannot be reached.
            GatewayProtocolError: a remote server answers something else than its protocol says.
        """
        ...


class FrameStore(Protocol):
    """The photos of sessions and what was told of them. Every method is one transaction."""

    async def add(self, key: SessionKey, photo: NewFrame, *, limit: int) -> Frame:
        """Store a photo's row and give it the next id; unless it is a near-duplicate, it waits to be described.

        Args:
            key: its session.
            photo: what is known.
            limit: how many photos the session may have.

        Raises:
            NotFound: the session is not there.
            Conflict: it has ``limit`` photos already (``too_many_photos``).
        """
        ...

    async def get(self, key: SessionKey, frame_id: str) -> Frame:
        """Read one.

        Raises:
            NotFound: there is none (``frame_not_found``).
        """
        ...

    async def frames(self, key: SessionKey) -> Sequence[Frame]:
        """All photos of a session in the order of arrival."""
        ...

    async def latest(self, key: SessionKey) -> Frame | None:
        """The photo that arrived last, not counting near-duplicates."""
        ...

    async def waiting(self, *, limit: int) -> Sequence[tuple[SessionKey, Frame]]:
        """Photos that wait to be described, of all owners, the oldest first."""
        ...

    async def remove(self, key: SessionKey, frame_id: str) -> None:
        """Take back a photo that could not be stored as a whole; nothing happens if it is gone."""
        ...

    async def set_state(self, key: SessionKey, frame_id: str, state: FrameState, error: str | None = None) -> None:
        """Say where a photo stands.

        Raises:
            NotFound: it was erased.
        """
        ...

    async def add_scene(self, key: SessionKey, frame_scene: FrameScene) -> None:
        """Store what was told of a photo, which is then described; replaces what was told in the same language.

        Search finds the description and the text read in the photo.

        Raises:
            NotFound: the photo was erased.
        """
        ...

    async def scenes(self, key: SessionKey, frame_id: str | None = None) -> Sequence[FrameScene]:
        """What was told of a session's photos, or of one, in all languages; of each photo the newest last."""
        ...


class PhotoFiles(Protocol):
    """Keeps sessions' photos, as they were encoded anew: without metadata. They count towards the owner's quota."""

    async def write(self, key: SessionKey, frame_id: str, data: bytes) -> None:
        """Store one photo; it survives power loss from then on. One that has the id already is replaced.

        Writing while ``delete_all`` runs for the same session may leave a photo: callers do one after the other.

        Args:
            key: the session; it need not have any files yet.
            frame_id: ``f`` and 1 to 9 digits.
            data: a JPEG, see ``Photo.jpeg``.

        Raises:
            InvalidInput: the key or the id may not be part of a path.
            StorageError: the disk refuses.
        """
        ...

    async def read(self, key: SessionKey, frame_id: str) -> bytes:
        """The photo, as it was written.

        Raises:
            NotFound: no such photo (``photo_not_found``).
            InvalidInput: the key or the id may not be part of a path.
            StorageError: the disk refuses.
        """
        ...

    async def delete_all(self, key: SessionKey) -> None:
        """Delete all photos of a session; none are no error.

        Raises:
            InvalidInput: the key may not be part of a path.
            StorageError: the disk refuses.
        """
        ...
