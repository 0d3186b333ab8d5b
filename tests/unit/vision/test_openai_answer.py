"""Streams of events, however they are cut into pieces and whatever they hold."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import GatewayProtocolError
from app.infrastructure.vision.openai_describer_answer import completion_text, streamed_text
from tests.vision_server import chunk

pytestmark = pytest.mark.unit


async def body(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5), st.lists(st.integers(0, 600), max_size=9), st.booleans())
async def test_cuts_do_not_matter(words: list[str], cuts: list[int], done: bool) -> None:
    stream = b"".join(chunk(content=word) for word in words) + b"data: [DONE]\n\n" * done
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    parts = [stream[start:end] for start, end in pairwise(places)]
    assert await streamed_text(body(parts)) == "".join(words)


@given(st.lists(st.binary() | st.sampled_from([b"data: ", b'{"choices": [', b"]}", b"null", b"\n", b'{"delta": 1}'])))
async def test_any_bytes_are_text_or_no_completion(parts: list[bytes]) -> None:
    for read in (streamed_text, completion_text):
        with contextlib.suppress(GatewayProtocolError):
            assert isinstance(await read(body(parts)), str)


async def test_a_line_that_comes_byte_by_byte_takes_no_longer() -> None:
    with pytest.raises(GatewayProtocolError):
        await streamed_text(body([b"a"] * 300_000))
