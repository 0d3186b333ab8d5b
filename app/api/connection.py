"""One client's WebSocket: reading, sending, silence, and how it ends. What the messages mean is the sessions' business."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from app.api import wire
from app.api.errors import MAX_REASON_CHARACTERS, error_event, internal_error, row_for
from app.api.outbox import Outbox
from app.domain.error_fields import error_fields
from app.domain.errors import SessionSilent, TooLarge, VigiaError

log = logging.getLogger(__name__)
Result = TypeVar("Result")

DRAIN_S = 5.0
"""How long the last words to a client may take before the socket is closed."""


async def run_beside(main: Awaitable[Result], *others: Awaitable[object]) -> Result:
    """Run ``main`` to its end and return its result; an error of any of ``others`` ends it, and all end with it."""
    main_task = asyncio.ensure_future(main)
    tasks: list[asyncio.Future[Any]] = [main_task, *(asyncio.ensure_future(other) for other in others)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()
        return await main_task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Connection:
    """Receives parsed messages, sends through an outbox, and turns every error into the protocol's answer."""

    def __init__(self, websocket: WebSocket, *, max_message_bytes: int, idle_timeout_s: float) -> None:
        """Wrap an accepted socket."""
        self.outbox = Outbox(self._send)
        self._websocket = websocket
        self._gone = False
        self._max_message_bytes = max_message_bytes
        self._idle_timeout_s = idle_timeout_s
        self._waiting_since: float | None = None
        self._may_be_silent = False
        self._log_context: dict[str, str] = {}

    async def serve(self, session: Coroutine[Any, Any, None]) -> None:
        """Run ``session`` until it ends or fails, then close the socket: 1000, or the error's code."""
        try:
            await run_beside(session, self.outbox.run(), self._watch_silence())
            code, reason = 1000, ""
        except WebSocketDisconnect:
            log.info("client left", extra=self._log_context)
            return
        except VigiaError as error:
            code, reason = self._refuse(error)
        except Exception as error:
            log.error("socket failed", extra={**self._log_context, **error_fields(error)})
            code, reason = self._refuse(internal_error())
        try:
            await run_beside(self.outbox.drain(DRAIN_S), self.outbox.run())
            if not self._gone:
                await self._websocket.close(code, reason[:MAX_REASON_CHARACTERS])
        except (WebSocketDisconnect, VigiaError):
            log.info("client left", extra=self._log_context)

    async def receive(self) -> wire.ClientMessage:
        """The next message.

        Raises:
            WebSocketDisconnect: there will be none.
            TooLarge: it exceeds the bound of a message.
            InvalidInput: it cannot be understood.
        """
        self._waiting_since = time.monotonic()
        event = await self._websocket.receive()
        self._waiting_since = None
        # A message that had arrived already is given without waiting: whoever sends must have its turn all the same.
        await asyncio.sleep(0)
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1006))
        data: bytes | None = event.get("bytes")
        message: str | bytes = event["text"] if data is None else data
        if len(message if isinstance(message, bytes) else message.encode()) > self._max_message_bytes:
            raise TooLarge(f"a message may have {self._max_message_bytes} bytes at most", code="message_too_large")
        return wire.parse(message)

    def notice(self, error: VigiaError) -> None:
        """Tell the client about an error after which the session goes on."""
        self.outbox.notice(error_event(error, fatal=False))

    def log_as(self, session_id: str | None) -> None:
        """Put the session's id on the log lines about the connection itself, which outlives the session's own context."""
        self._log_context = {"session_id": session_id} if session_id else {}

    def allow_silence(self) -> None:
        """From now on the client may wait for us without saying anything."""
        self._may_be_silent = True

    async def _send(self, text: str) -> None:
        """Send, or discard if the client is gone: what it sent before is still to be read, up to its disconnect."""
        try:
            if not self._gone:
                await self._websocket.send_text(text)
        except WebSocketDisconnect:
            self._gone = True

    def _refuse(self, error: VigiaError) -> tuple[int, str]:
        row = row_for(error)
        log.info("socket refused", extra={"code": error.code, "close_code": row.close_code, **self._log_context})
        self.outbox.last(error_event(error, fatal=True))
        return row.close_code, error.message

    async def _watch_silence(self) -> None:
        while True:
            waited_s = 0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since
            if waited_s >= self._idle_timeout_s and not self._may_be_silent:
                raise SessionSilent(f"the client said nothing for {self._idle_timeout_s:g} s")
            await asyncio.sleep(max(0.05, self._idle_timeout_s - waited_s))
