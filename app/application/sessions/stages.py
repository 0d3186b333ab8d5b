"""Stages of the post-session work: each may fail, be interrupted and be run again without harm to the others."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.domain.error_fields import error_fields
from app.domain.errors import GatewayBusy, NotFound, VigiaError
from app.domain.session.gateway import AnalysisStore
from app.domain.session.models import SessionKey, StageResult

INTERRUPTED = "interrupted"
"""The error of a stage that has begun and not ended: what is found if the process died in it."""

GAVE_UP = "gave_up"
"""The error of a stage that will not be started again by itself."""

MAX_STARTS = 3
"""A stage in which the process died this often is given up: it is probably what ends the process."""

BUSY_FIRST_DELAY_S = 0.5
BUSY_LONGEST_DELAY_S = 15.0
BUSY_PATIENCE_S = 600.0
"""A model's queue is full for as long as live sessions keep it so; after ten minutes the user gets what there is."""

log = logging.getLogger(__name__)

StageDetails = Mapping[str, Any]


class Stages:
    """Runs stages and keeps how they went."""

    def __init__(
        self,
        analyses: AnalysisStore,
        *,
        busy_first_delay_s: float = BUSY_FIRST_DELAY_S,
        busy_patience_s: float = BUSY_PATIENCE_S,
    ) -> None:
        self._analyses = analyses
        self._busy_first_delay_s = busy_first_delay_s
        self._busy_patience_s = busy_patience_s

    async def run(self, key: SessionKey, stage: str, work: Callable[[], Awaitable[StageDetails]]) -> None:
        """Run a stage; its failure is recorded, with its reason, and not raised.

        Args:
            key: the session.
            stage: its name.
            work: does it and returns details to keep: numbers and ids, never content. Called again while a model is busy.

        Raises:
            NotFound: the session was erased.
            StorageError: the outcome could not be recorded.
        """
        before = (await self._analyses.stages(key)).get(stage)
        starts = int(before.details.get("starts", 0)) if before is not None and before.error == INTERRUPTED else 0
        if starts >= MAX_STARTS:
            await self._analyses.set_stage(key, StageResult(stage, 0, GAVE_UP, {"starts": starts}))
            return
        await self._begun(key, stage, starts + 1)
        began = time.monotonic()
        try:
            details, error = await self._patiently(work), None
        except asyncio.CancelledError:
            await self._begun(key, stage, starts)  # the server is closing: that is not the stage's fault
            raise
        except NotFound:
            raise
        except VigiaError as exc:
            log.warning("stage failed", extra={"stage": stage, "error": exc.code, "reason": exc.message})
            details, error = {"reason": exc.message, "internal": False}, exc.code
        except Exception as exc:
            name = type(exc).__name__
            log.error("stage failed", extra={"stage": stage, **error_fields(exc)})
            details, error = {"reason": name, "internal": True}, name
        duration_ms = round((time.monotonic() - began) * 1000)
        log.info("stage ended", extra={"stage": stage, "duration_ms": duration_ms, "error": error})
        await self._analyses.set_stage(key, StageResult(stage, duration_ms, error, details))

    async def _begun(self, key: SessionKey, stage: str, starts: int) -> None:
        await self._analyses.set_stage(key, StageResult(stage, 0, INTERRUPTED, {"starts": starts}))

    async def _patiently(self, work: Callable[[], Awaitable[StageDetails]]) -> StageDetails:
        delay_s, waited_s = self._busy_first_delay_s, 0.0
        while True:
            try:
                return await work()
            except GatewayBusy as exc:
                if waited_s >= self._busy_patience_s:
                    raise
                pause_s = max(delay_s, exc.retry_after_s or 0.0)
            await asyncio.sleep(pause_s)
            waited_s += pause_s
            delay_s = min(2 * delay_s, BUSY_LONGEST_DELAY_S)
