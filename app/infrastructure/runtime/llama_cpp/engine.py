"""llama.cpp's C interface as one sequence of tokens with a memory. Blocking; one caller at a time."""

import ctypes
import logging
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.domain.errors import GatewayError, GatewayUnavailable, InvalidInput

log = logging.getLogger(__name__)
Logits = npt.NDArray[np.float32]

_BATCH_TOKENS = 128
"""Prompt tokens evaluated at once: cancelling waits for one batch. Larger ones are no faster on few cores."""
_SNAPSHOT_BYTES = 192 * 1024 * 1024
"""Kept states of constant prompt parts, all together (28 KiB a token for a 1.5 billion parameter model)."""


class LlamaCppEngine:
    """A loaded GGUF model with one context.

    The context remembers the tokens it has seen: evaluating a prompt that begins like the last one costs only the rest.
    States of constant beginnings are kept aside and put back when another prompt was evaluated in between.
    """

    def __init__(self, path: Path, *, context_tokens: int, threads: int) -> None:
        """Load the file (memory-mapped).

        Raises:
            GatewayUnavailable: it is not a model that llama.cpp can load, or memory is short.
        """
        import llama_cpp

        self._api: Any = llama_cpp
        _quieten(llama_cpp)
        llama_cpp.llama_backend_init()
        model_params = llama_cpp.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), model_params)
        if not self._model:
            raise GatewayUnavailable(f"{path.name} cannot be loaded: it is damaged, or no model that llama.cpp knows")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = min(context_tokens, llama_cpp.llama_model_n_ctx_train(self._model) or context_tokens)
        params.n_batch = params.n_ubatch = min(_BATCH_TOKENS, params.n_ctx)
        params.n_threads = params.n_threads_batch = threads
        params.n_seq_max = 1
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            llama_cpp.llama_model_free(self._model)
            raise GatewayUnavailable(f"no memory for a context of {context_tokens} tokens; set a smaller one")
        self._finalizer = weakref.finalize(self, _free, llama_cpp, self._context, self._model)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.context_tokens = int(params.n_ctx)
        self.vocabulary_size = int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))
        self.parameters = int(llama_cpp.llama_model_n_params(self._model))
        self._evaluated: list[int] = []
        self._snapshots: OrderedDict[tuple[int, ...], npt.NDArray[np.uint8]] = OrderedDict()

    @property
    def api(self) -> Any:
        """The C interface."""
        return self._api

    @property
    def model(self) -> Any:
        """The C handle, for what is loaded on top of the model."""
        return self._model

    @property
    def context(self) -> Any:
        """The C handle, for those who go on after an evaluated prompt; the next evaluation forgets what they added."""
        return self._context

    @property
    def vocabulary(self) -> Any:
        """The C handle, for grammars."""
        return self._vocabulary

    def close(self) -> None:
        """Free model and context."""
        self._finalizer()

    def metadata(self, key: str) -> str | None:
        """One entry of the file's metadata."""
        size = 1 << 16
        buffer = ctypes.create_string_buffer(size)
        length = self._api.llama_model_meta_val_str(self._model, key.encode(), buffer, size)
        return buffer.value.decode("utf-8", "replace") if length >= 0 else None

    def tokenize(self, text: str, *, markup: bool = False) -> list[int]:
        """Tokens of a text; control tokens only come out of ``markup``."""
        data = text.encode("utf-8", "replace")
        tokens = (self._api.llama_token * (len(data) + 8))()
        count = self._api.llama_tokenize(self._vocabulary, data, len(data), tokens, len(tokens), False, markup)
        if count < 0:
            raise GatewayError("the model's tokenizer refused a text")
        return list(tokens[:count])

    def opening(self) -> list[int]:
        """Tokens that a prompt of this model begins with."""
        if self._api.llama_vocab_get_add_bos(self._vocabulary):
            return [int(self._api.llama_vocab_bos(self._vocabulary))]
        return []

    def is_control_token(self, text: str) -> bool:
        """Whether ``text`` is one control token of the vocabulary."""
        tokens = self.tokenize(text, markup=True)
        return len(tokens) == 1 and bool(self._api.llama_vocab_is_control(self._vocabulary, tokens[0]))

    def ends(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(self._api.llama_vocab_is_eog(self._vocabulary, token))

    def piece(self, token: int) -> bytes:
        """A token's text; control tokens have none."""
        size = 256
        buffer = ctypes.create_string_buffer(size)
        length = self._api.llama_token_to_piece(self._vocabulary, token, buffer, size, 0, False)
        return buffer.raw[: max(0, length)]

    def evaluate(self, tokens: Sequence[int], check: Callable[[], None], *, constant: int = 0) -> Logits:
        """Logits of the token that follows ``tokens``.

        Args:
            tokens: the whole sequence, at least one.
            check: called before each batch; raises to stop.
            constant: how many of the first tokens will come again; their state is kept.

        Raises:
            InvalidInput: longer than the context.
        """
        self._check_length(tokens)
        wanted = list(tokens)
        start = self._begin(wanted, constant, check)
        self._decode(wanted[start:], check)
        row = self._api.llama_get_logits_ith(self._context, -1)
        return np.ctypeslib.as_array(row, shape=(self.vocabulary_size,)).copy()

    def evaluate_each(
        self, tokens: Sequence[int], places: Sequence[int], check: Callable[[], None], *, constant: int = 0
    ) -> list[Logits]:
        """Logits of what follows each of some places.

        All after the constant part is evaluated again and in the same batches, so that equal prompts give equal logits.

        Args:
            tokens: the whole sequence.
            places: ascending indices of tokens, from ``constant`` on; at least one.
            check: called before each batch; raises to stop.
            constant: how many of the first tokens will come again; their state is kept.

        Raises:
            InvalidInput: longer than the context.
        """
        self._check_length(tokens)
        wanted = list(tokens)
        start = self._begin(wanted[: constant + 1], constant, check)
        found: list[Logits] = []
        for begin in range(start, places[-1] + 1, _BATCH_TOKENS):
            check()
            end = min(begin + _BATCH_TOKENS, places[-1] + 1)
            found += self._decode_each(wanted[begin:end], [place - begin for place in places if begin <= place < end])
        return found

    def _check_length(self, tokens: Sequence[int]) -> None:
        if len(tokens) > self.context_tokens:
            raise InvalidInput(f"the prompt has {len(tokens)} tokens, the context {self.context_tokens}")

    def _begin(self, wanted: list[int], constant: int, check: Callable[[], None]) -> int:
        """Have at least the constant part evaluated; returns how many tokens of ``wanted`` are, never all."""
        start = self._rewind(wanted, constant)
        if not start < constant < len(wanted):
            return start
        self._decode(wanted[start:constant], check)
        self._keep(tuple(wanted[:constant]))
        return constant

    def _rewind(self, wanted: list[int], constant: int) -> int:
        """Forget what does not fit ``wanted``, or put a kept state back; returns how many tokens are evaluated then."""
        common = 0
        limit = min(len(self._evaluated), len(wanted) - 1)
        while common < limit and self._evaluated[common] == wanted[common]:
            common += 1
        snapshot = self._snapshots.get(tuple(wanted[:constant])) if constant > common else None
        if snapshot is not None and constant < len(wanted):
            self._api.llama_memory_clear(self._memory, True)
            pointer = snapshot.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
            if self._api.llama_state_seq_set_data(self._context, pointer, snapshot.nbytes, 0):
                self._snapshots.move_to_end(tuple(wanted[:constant]))
                self._evaluated = wanted[:constant]
                return constant
            common = 0
        if not common or not self._api.llama_memory_seq_rm(self._memory, 0, common, -1):
            self._api.llama_memory_clear(self._memory, True)
            common = 0
        self._evaluated = self._evaluated[:common]
        return common

    def _decode(self, tokens: Sequence[int], check: Callable[[], None]) -> None:
        for begin in range(0, len(tokens), _BATCH_TOKENS):
            check()
            part = tokens[begin : begin + _BATCH_TOKENS]
            array = (self._api.llama_token * len(part))(*part)
            self._see(self._api.llama_decode(self._context, self._api.llama_batch_get_one(array, len(part))))
            self._evaluated.extend(part)

    def _decode_each(self, tokens: Sequence[int], places: Sequence[int]) -> list[Logits]:
        """One batch; logits after the tokens at ``places``."""
        batch = self._api.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for index, token in enumerate(tokens):
                batch.token[index], batch.pos[index] = token, len(self._evaluated) + index
                batch.n_seq_id[index], batch.seq_id[index][0] = 1, 0
                batch.logits[index] = index in places
            self._see(self._api.llama_decode(self._context, batch))
            rows = [self._api.llama_get_logits_ith(self._context, place) for place in places]
            found = [np.ctypeslib.as_array(row, shape=(self.vocabulary_size,)).copy() for row in rows]
        finally:
            self._api.llama_batch_free(batch)
        self._evaluated.extend(tokens)
        return found

    def _see(self, status: int) -> None:
        if status != 0:
            self._api.llama_memory_clear(self._memory, True)
            self._evaluated = []
            raise GatewayError(f"llama.cpp could not evaluate the prompt (status {status})")

    def _keep(self, prefix: tuple[int, ...]) -> None:
        size = int(self._api.llama_state_seq_get_size(self._context, 0))
        if size > _SNAPSHOT_BYTES:
            return
        state = np.empty(size, dtype=np.uint8)
        written = self._api.llama_state_seq_get_data(
            self._context, state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)), size, 0
        )
        if not written:
            return
        self._snapshots[prefix] = state[: int(written)]
        while sum(kept.nbytes for kept in self._snapshots.values()) > _SNAPSHOT_BYTES:
            self._snapshots.popitem(last=False)


def _free(api: Any, context: Any, model: Any) -> None:
    api.llama_free(context)
    api.llama_model_free(model)


_log_callbacks: list[Any] = []  # llama.cpp keeps a pointer to the first and only one


def _quieten(api: Any) -> None:
    """Send llama.cpp's own messages to our log instead of the terminal."""
    if not _log_callbacks:
        _log_callbacks.append(api.llama_log_callback(lambda level, text, data: log.debug("llama.cpp: %s", text[:200])))
        api.llama_log_set(_log_callbacks[0], None)
