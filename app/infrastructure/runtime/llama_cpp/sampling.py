"""Choosing the next token: greedy or at a temperature, within a grammar made from a JSON schema."""

import ctypes
import json
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import numpy as np

from app.domain.errors import InvalidInput
from app.infrastructure.runtime.llama_cpp.engine import LlamaCppEngine, Logits

_SHORTLIST = (1, 64)
"""A grammar is tried on the likeliest tokens first: trying the whole vocabulary takes as long as evaluating a token."""
_SPACE_RULE = re.compile(r"^space ::=.*$", re.MULTILINE)
_SPACE = 'space ::= " "?'
"""No line breaks and indents: they cost a token each."""
_CHARACTER_RULE = re.compile(r"^char ::=.*$", re.MULTILINE)
_CHARACTER = r'char ::= [^"\\\x7F\x00-\x1F] | "\\" ["\\/bfnrt]'
"""The converter's own rule lets control characters and halves of surrogate pairs through."""


class TokenChooser:
    """Chooses tokens one after the other; used in a ``with`` block, since a grammar holds C memory."""

    def __init__(self, engine: LlamaCppEngine, *, temperature: float, schema: Mapping[str, Any] | None) -> None:
        """Prepare.

        Raises:
            InvalidInput: the schema cannot be made into a grammar.
        """
        self._engine = engine
        self._temperature = temperature
        self._random = np.random.default_rng()
        self._api: Any = engine.api
        self._grammar = self._compile(schema) if schema is not None else None

    def __enter__(self) -> "TokenChooser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._grammar is not None:
            self._api.llama_sampler_free(self._grammar)
            self._grammar = None

    def choose(self, logits: Logits) -> int:
        """The next token; the grammar moves on with it."""
        scores = logits
        if self._temperature > 0:  # Gumbel-max: the largest perturbed score is a sample of the softmax
            scores = logits / self._temperature + self._random.gumbel(size=logits.shape).astype(np.float32)
        if self._grammar is None:
            return int(np.argmax(scores))
        token = self._first_allowed(scores)
        if not self._engine.ends(token):
            self._api.llama_sampler_accept(self._grammar, token)
        return token

    def _first_allowed(self, scores: Logits) -> int:
        for count in (*_SHORTLIST, len(scores)):
            count = min(count, len(scores))
            best = np.argpartition(scores, -count)[-count:]
            allowed = self._allowed(best, scores[best])
            if np.isfinite(allowed).any():
                return int(best[int(np.argmax(allowed))])
        raise InvalidInput("the schema allows no continuation that the model can write", param="json_schema")

    def _allowed(self, tokens: Any, scores: Logits) -> Logits:
        """The scores, with minus infinity where the grammar forbids the token."""
        entry = np.dtype([("id", np.intc), ("logit", np.single), ("p", np.single)], align=True)
        candidates = np.zeros(len(tokens), dtype=entry)
        candidates["id"], candidates["logit"] = tokens, scores
        array = self._api.llama_token_data_array(
            data=candidates.ctypes.data_as(ctypes.POINTER(self._api.llama_token_data)),
            size=len(tokens),
            selected=-1,
            sorted=False,
        )
        self._api.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return np.asarray(candidates["logit"])

    def _compile(self, schema: Mapping[str, Any]) -> Any:
        from llama_cpp.llama_grammar import json_schema_to_gbnf

        try:
            rules = json_schema_to_gbnf(json.dumps(schema))
        except Exception as error:  # the converter raises whatever its walk over the schema meets
            raise InvalidInput("the JSON schema cannot be turned into a grammar", param="json_schema") from error
        strict = _CHARACTER_RULE.sub(lambda match: _CHARACTER, _SPACE_RULE.sub(_SPACE, rules))
        grammar = self._api.llama_sampler_init_grammar(self._engine.vocabulary, strict.encode(), b"root")
        if not grammar:
            raise InvalidInput("the JSON schema's grammar is too large for llama.cpp", param="json_schema")
        return grammar
