"""llama.cpp's multimodal C interface: a text model that is shown one photo, by a projector. Blocking; one caller at a time."""

import ctypes
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.errors import GatewayError, GatewayUnavailable
from app.domain.vision.models import Pixels
from app.infrastructure.runtime.llama_cpp.engine import LlamaCppEngine, Logits
from app.infrastructure.runtime.llama_cpp.sampling import TokenChooser
from app.infrastructure.runtime.worker import CancelToken

_BATCH_TOKENS = 128
"""As in the text engine: cancelling waits for one batch."""
_NODES_BETWEEN_CHECKS = 16
"""Steps of the projector's graph between two looks at the cancel token: about a third of a layer."""
_MIN_IMAGE_TOKENS = 64
"""Smaller photos are enlarged to so many tokens; SmolVLM's number for a photo."""
_OVERVIEW_MARK = "<global-img>"
"""Idefics3 sends a photo as tiles and, after this mark, as a whole (arXiv:2408.12637); the whole does alone as well."""


class LlamaCppVisionEngine:
    """A text model and its projector."""

    def __init__(self, model: Path, projector: Path, *, context_tokens: int, threads: int, image_tokens: int) -> None:
        """Load both files.

        Args:
            model: GGUF file of the text model.
            projector: GGUF file of the part that looks.
            context_tokens: prompt, photo and answer together.
            threads: for both.
            image_tokens: how many a photo may take; detail against time.

        Raises:
            GatewayUnavailable: llama.cpp cannot load them, they do not belong together, or they do not fit our use.
        """
        from llama_cpp import mtmd_cpp

        self._api: Any = mtmd_cpp
        self.text = LlamaCppEngine(model, context_tokens=context_tokens, threads=threads)
        self.image_tokens = image_tokens
        self._interrupt = _Interrupt(self.text.api)
        _silence(mtmd_cpp, self.text.api)
        params = mtmd_cpp.mtmd_context_params_default()
        params.use_gpu = params.print_timings = params.warmup = False
        params.n_threads = threads
        params.image_max_tokens = image_tokens
        params.image_min_tokens = min(_MIN_IMAGE_TOKENS, image_tokens)
        params.cb_eval = self._interrupt.callback
        self._looker = mtmd_cpp.mtmd_init_from_file(str(projector).encode(), self.text.model, params)
        if not self._looker:
            raise GatewayUnavailable(
                f"{projector.name} cannot be loaded: it is damaged, or no projector of {model.name}"
            )
        # A finalizer runs before the text model is let go of, on whose vocabulary the projector rests.
        self._finalizer = weakref.finalize(self, mtmd_cpp.mtmd_free, self._looker)
        if not mtmd_cpp.mtmd_support_vision(self._looker) or mtmd_cpp.mtmd_decode_use_non_causal(self._looker, None):
            self.close()
            raise GatewayUnavailable(f"{projector.name} is of a kind that is not supported (no vision, or not causal)")
        self._overview_mark = self._single_token(_OVERVIEW_MARK)

    def close(self) -> None:
        """Free projector, model and context."""
        self._finalizer()
        self.text.close()

    def show(self, before: Sequence[int], pixels: Pixels, after: Sequence[int], token: CancelToken) -> "Reading":
        """Evaluate a prompt with a photo in it.

        Args:
            before: tokens before the photo, at least two; their evaluation is kept for the next photo.
            pixels: uint8, height x width x 3, RGB.
            after: tokens after the photo, at least one.
            token: looked at between batches, and while the photo is looked at.

        Returns:
            What goes on from there.

        Raises:
            GatewayUnavailable: the context is too small.
            GatewayError: llama.cpp failed.
        """
        with self._chunks(pixels) as chunks:
            needed = len(before) + sum(self._api.mtmd_input_chunk_get_n_tokens(chunk) for chunk in chunks) + len(after)
            room = self.text.context_tokens - needed
            if room < 1:
                raise GatewayUnavailable(
                    f"a photo takes {needed} tokens, the model's context has {self.text.context_tokens}; "
                    "set a smaller VIGIA_VISION__IMAGE_TOKENS, or a larger VIGIA_MODELS__CONTEXT_TOKENS"
                )
            self.text.evaluate(before, token.check, constant=len(before) - 1)
            place = len(before)
            for chunk in chunks:
                place = self._read(chunk, place, token)
        reading = Reading(self.text, place, room)
        reading.add(after, token.check)
        return reading

    def _read(self, chunk: Any, place: int, token: CancelToken) -> int:
        """Evaluate a part of what the photo became; returns the next position."""
        if self._api.mtmd_input_chunk_get_type(chunk) == self._api.MTMD_INPUT_CHUNK_TYPE_TEXT:
            return _add(self.text, self._tokens(chunk), place, token.check)[0]
        token.check()
        with self._interrupt.by(token):
            _see(self._api.mtmd_encode_chunk(self._looker, chunk))
        token.check()
        seen, behind = self._api.mtmd_get_output_embd(self._looker), self.text.api.llama_pos(place)
        stop = self._api.mtmd_helper_post_decode_callback(lambda batch, data: int(token.cancelled))
        status = self._api.mtmd_helper_decode_image_chunk(
            self._looker, self.text.context, chunk, seen, place, 0, _BATCH_TOKENS, ctypes.byref(behind), stop, None
        )
        token.check()
        _see(status)
        return int(behind.value)

    @contextmanager
    def _chunks(self, pixels: Pixels) -> Iterator[list[Any]]:
        """The photo as the model is shown it: parts of markup and of picture."""
        height, width = pixels.shape[:2]
        packed = np.ascontiguousarray(pixels)
        api = self._api
        bitmap = api.mtmd_bitmap_init(width, height, packed.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
        output = api.mtmd_input_chunks_init()
        try:
            part = api.mtmd_input_part(bitmap=bitmap)
            parts = (ctypes.POINTER(api.mtmd_input_part) * 1)(ctypes.pointer(part))
            _see(api.mtmd_tokenize_from_parts(self._looker, output, parts, 1, False))
            count = api.mtmd_input_chunks_size(output)
            yield self._affordable([api.mtmd_input_chunks_get(output, index) for index in range(count)])
        finally:
            api.mtmd_input_chunks_free(output)
            api.mtmd_bitmap_free(bitmap)

    def _affordable(self, chunks: list[Any]) -> list[Any]:
        """All parts, or only the photo as a whole if its tiles take more tokens than wanted."""
        total = sum(self._api.mtmd_input_chunk_get_n_tokens(chunk) for chunk in chunks)
        if total > self.image_tokens and self._overview_mark is not None:
            for index, chunk in enumerate(chunks):
                if self._overview_mark in self._tokens(chunk):
                    return chunks[index:]
        return chunks

    def _tokens(self, chunk: Any) -> list[int]:
        """Of a part of markup; a picture has none."""
        count = ctypes.c_size_t(0)
        tokens = self._api.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
        return list(tokens[: count.value]) if tokens else []

    def _single_token(self, text: str) -> int | None:
        return self.text.tokenize(text, markup=True)[0] if self.text.is_control_token(text) else None


class Reading:
    """A prompt that was evaluated, and what is written after it."""

    def __init__(self, text: LlamaCppEngine, place: int, room: int) -> None:
        self._text = text
        self._place = place
        self.room = room
        """Tokens that the context can still take."""
        self._logits: Logits = np.zeros(0, np.float32)

    def add(self, tokens: Sequence[int], check: Callable[[], None]) -> None:
        """Evaluate more of the prompt."""
        self._place, self._logits = _add(self._text, tokens, self._place, check)

    def write(self, schema: Mapping[str, Any], longest: int, check: Callable[[], None]) -> str:
        """The likeliest answer within the schema; cut off after ``longest`` tokens or at the context's end."""
        written = bytearray()
        with TokenChooser(self._text, temperature=0.0, schema=schema) as chooser:
            for _ in range(min(longest, self.room)):
                chosen = chooser.choose(self._logits)
                if self._text.ends(chosen):
                    break
                written += self._text.piece(chosen)
                self.add([chosen], check)
        return written.decode("utf-8", "ignore")


class _Interrupt:
    """Stops the projector's graph between its nodes once a cancel token says so."""

    def __init__(self, api: Any) -> None:
        self._token: CancelToken | None = None
        self._nodes = 0
        self.callback = api.ggml_backend_sched_eval_callback(self._goes_on)

    @contextmanager
    def by(self, token: CancelToken) -> Iterator[None]:
        """Obey this token while the block runs."""
        self._token = token
        try:
            yield
        finally:
            self._token = None

    def _goes_on(self, tensor: int, asked: bool, data: int) -> bool:
        """Asked before a node: whether to be called after it. After it: whether to go on."""
        if asked:
            self._nodes += 1
            return self._nodes % _NODES_BETWEEN_CHECKS == 0
        return self._token is None or not self._token.cancelled


def _add(text: LlamaCppEngine, tokens: Sequence[int], place: int, check: Callable[[], None]) -> tuple[int, Logits]:
    """Evaluate tokens at positions from ``place`` on; returns the next position, and what follows the last token.

    Positions are told, since those of a photo may be fewer than its tokens (M-RoPE, arXiv:2409.12191).
    """
    api = text.api
    for begin in range(0, len(tokens), _BATCH_TOKENS):
        check()
        part = tokens[begin : begin + _BATCH_TOKENS]
        batch = api.llama_batch_init(len(part), 0, 1)
        try:
            batch.n_tokens = len(part)
            for index, token in enumerate(part):
                batch.token[index], batch.pos[index] = token, place + index
                batch.n_seq_id[index], batch.seq_id[index][0] = 1, 0
                batch.logits[index] = index == len(part) - 1
            _see(api.llama_decode(text.context, batch))
        finally:
            api.llama_batch_free(batch)
        place += len(part)
    row = api.llama_get_logits_ith(text.context, -1)
    return place, np.ctypeslib.as_array(row, shape=(text.vocabulary_size,)).copy()


def _see(status: int) -> None:
    if status != 0:
        raise GatewayError(f"llama.cpp could not evaluate the photo (status {status})")


_log_callbacks: list[Any] = []  # the C side keeps a pointer to it


def _silence(api: Any, text_api: Any) -> None:
    """Drop what the multimodal part says: it quotes prompts."""
    if not _log_callbacks:
        _log_callbacks.append(text_api.llama_log_callback(lambda level, text, data: None))
    api.mtmd_log_set(_log_callbacks[0], None)
    api.mtmd_helper_log_set(_log_callbacks[0], None)
