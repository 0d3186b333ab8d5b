"""A client that sends photos into a session. The reference for client developers.

A well-behaved client of ``/vision/frame``
  1. says when each photo was taken, by the clock that gave ``started_at``, and sends one at a time;
  2. leaves ``photo_interval_s`` between them, as ``ready``, every ``limits`` message and every answer tell it anew;
  3. after 429 waits as long as Retry-After says, and sends the photo again unless the server has kept it
     (``photo_superseded``: it will be described later);
  4. sends with ``?defer=true`` what nobody waits for any more, such as what is left when the recording ends.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.commands.session_over_http import Message, json_object, open_http, result
from app.domain.errors import GatewayError, InvalidInput

if TYPE_CHECKING:
    import httpx2

SUFFIXES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
FIRST_INTERVAL_S = 5.0
"""Until the server has told its own."""
RETRY_DELAYS_S = (0.5, 2.0, 5.0)
"""A photo is worth less trouble than the audio: it is given up after so many tries."""
LONGEST_WAIT_S = 60.0
"""A photo that may be sent again only after a longer time is given up."""
ANSWER_TIMEOUT_S = 600.0
"""The server bounds waiting and describing itself (``VIGIA_VISION__TIMEOUT_S``)."""
TOO_MANY, SUPERSEDED = 429, "photo_superseded"


@dataclass(frozen=True)
class PhotoNews:
    """What became of a photo.

    Attributes:
        name: of its file.
        offset_s: when it was taken, in seconds on the session's clock.
        text: its description, or what else there is to tell.
        frame_id: its name in the session, if it is there.
        failed: it could not be sent or described.
    """

    name: str
    offset_s: float
    text: str
    frame_id: str | None = None
    failed: bool = False


class Moments(Protocol):
    """Tells when the moments of a session have come."""

    @property
    def over(self) -> bool:
        """Nobody waits for descriptions any more."""
        ...

    async def until(self, offset_s: float) -> bool:
        """Return when that moment has come, in seconds on the session's clock; False if the session ends before it."""
        ...


@dataclass
class PhotoClient:
    """Sends photos into one session.

    Attributes:
        url: the server's socket, such as ``ws://127.0.0.1:8000/ws/audio``.
        started_at: unix seconds, when the session began.
        every_s: between photos, on the session's clock; None = as the server wants it.
        language: ISO 639-1 of the descriptions; None = the session's.
        api_key: for servers that ask for one.
        on_photo: hears what became of each photo.
        retry_delays_s: how long to wait before each next try when the server is gone; after the last, a photo is given up.
        interval_s: what the server wants between photos.
    """

    url: str
    started_at: float
    every_s: float | None = None
    language: str | None = None
    api_key: str | None = None
    on_photo: Callable[[PhotoNews], None] = lambda news: None
    retry_delays_s: Sequence[float] = RETRY_DELAYS_S
    interval_s: float = field(default=FIRST_INTERVAL_S, init=False)

    def follow(self, limits: Mapping[str, Any]) -> None:
        """Keep to what ``ready``, ``limits`` or an answer tells."""
        told = limits.get("photo_interval_s")
        if isinstance(told, int | float) and told > 0:
            self.interval_s = float(told)

    async def run(self, session_id: str, photos: Iterable[Path], moments: Moments) -> None:
        """Send photos as their moments come, until there are no more of either. What fails is told, and the next one is sent."""
        offset_s = 0.0
        async with open_http(self.url, self.api_key) as http:
            for path in photos:
                if not await moments.until(offset_s):
                    return
                self.on_photo(await self._sent(http, session_id, path, offset_s, defer=moments.over))
                offset_s += self.every_s or self.interval_s

    async def _sent(
        self, http: "httpx2.AsyncClient", session_id: str, path: Path, offset_s: float, *, defer: bool
    ) -> PhotoNews:
        fields = {"session_id": session_id, "captured_at": repr(self.started_at + offset_s)}
        if self.language:
            fields["language"] = self.language
        try:
            data = await asyncio.to_thread(path.read_bytes)
            file = (path.name, data, SUFFIXES[path.suffix.lower()])
            told = self._told(await self._answer(http, {"file": file}, fields, defer=defer))
        except OSError as error:
            return PhotoNews(path.name, offset_s, f"cannot be read ({error.strerror or error})", failed=True)
        except GatewayError as error:
            return PhotoNews(path.name, offset_s, error.message, failed=True)
        return PhotoNews(path.name, offset_s, _text(told), told.get("frame_id"))

    async def _answer(
        self, http: "httpx2.AsyncClient", files: Mapping[str, Any], fields: Mapping[str, str], *, defer: bool
    ) -> "httpx2.Response":
        """The server's answer to one photo, after as many tries as it needs."""
        import httpx2

        delays_s = iter(self.retry_delays_s)
        while True:
            delay_s = next(delays_s, None)
            try:
                answer = await http.post(
                    "/vision/frame", params={"defer": defer}, files=files, data=fields, timeout=ANSWER_TIMEOUT_S
                )
            except httpx2.HTTPError as error:
                if delay_s is None:
                    raise GatewayError("the server is gone") from error
                await asyncio.sleep(delay_s)
                continue
            wait_s = _retry_after_s(answer)
            if wait_s is None or wait_s > LONGEST_WAIT_S:
                return answer
            await asyncio.sleep(wait_s)  # the next photo has no better chance before that, either
            if delay_s is None or _code(answer) == SUPERSEDED:
                return answer

    def _told(self, answer: "httpx2.Response") -> Message:
        """What a photo was answered with.

        Raises:
            GatewayError: it was refused.
        """
        if _code(answer) == SUPERSEDED:
            return {}
        told = result(answer, "refused")
        self.follow(told)
        return told


def find_photos(folder: Path) -> list[Path]:
    """The photos in a folder, by name.

    Raises:
        InvalidInput: there are none.
    """
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise InvalidInput(f"{folder} has no photos: none of its files ends in {', '.join(SUFFIXES)}")
    return found


def _text(told: Message) -> str:
    if told.get("duplicate_of"):
        return f"shows the same as {told['duplicate_of']}"
    return str(told.get("description") or "kept, to be described later")


def _retry_after_s(answer: "httpx2.Response") -> float | None:
    """How long to wait before the photo is sent again; None if that makes no sense."""
    told = answer.headers.get("retry-after", "")
    return float(told) if answer.status_code == TOO_MANY and told.isdecimal() else None


def _code(answer: "httpx2.Response") -> str | None:
    """The code of the error that a photo was answered with."""
    if answer.status_code != TOO_MANY:
        return None
    error = json_object(answer.content, "the server answers HTTP 429, and no JSON").get("error")
    return str(error.get("code")) if isinstance(error, dict) else None
