import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.schemas.socket import ConfigMessage
from app.api.wire import Audio, EndOfStream, Gap, Unknown, parse
from app.domain.audio.models import AudioFormat, Encoding
from app.domain.errors import InvalidInput

pytestmark = pytest.mark.unit


def test_binary_is_audio() -> None:
    assert parse(b"\x01\x02") == Audio(b"\x01\x02")


def test_base64_audio_has_a_number() -> None:
    data = base64.b64encode(b"abcd").decode()
    assert parse(json.dumps({"type": "audio_chunk", "chunk_id": 7, "data_b64": data})) == Audio(b"abcd", 7)


def test_gap_end_and_unknown() -> None:
    assert parse('{"type": "gap", "duration_ms": 1500}') == Gap(1.5)
    assert parse('{"type": "end_of_stream", "new_field": 1}') == EndOfStream()
    assert parse('{"type": "wave"}') == Unknown("wave")
    assert parse("[1, 2]") == Unknown("")
    assert parse('{"type": {"a": 1}}') == Unknown("")


def test_numbers_without_a_fraction_are_whole() -> None:
    config = parse('{"type": "config", "sample_rate": 48000.0, "channels": 2.0, "speakers": 3.0}')
    assert isinstance(config, ConfigMessage)
    assert config.audio_format(16_000) == AudioFormat(Encoding.PCM16, 48_000, 2)
    assert config.session_config().speakers == 3
    assert parse('{"type": "audio_chunk", "chunk_id": 7.0, "data_b64": ""}') == Audio(b"", 7)
    for text in ('{"type": "config", "channels": 1.5}', '{"type": "config", "speakers": true}'):
        with pytest.raises(InvalidInput):
            parse(text)


def test_config_takes_defaults_for_null() -> None:
    message = parse('{"type": "config", "language": null, "sample_rate": null, "vocabulary": ["Marta"]}')
    assert isinstance(message, ConfigMessage)
    assert message.audio_format(16_000).sample_rate_hz == 16_000
    assert message.session_config().vocabulary == ("Marta",)
    assert message.session_config().diarize


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("sample_rate", 7_999),
        ("sample_rate", 48_001),
        ("sample_rate", "16000"),
        ("sample_rate", 16_000.5),
        ("sample_rate", True),
        ("encoding", "mp3"),
        ("encoding", 1),
        ("channels", 0),
        ("channels", 3),
        ("channels", True),
        ("language", "english"),
        ("language", "xx"),
        ("language", ""),
        ("summary_language", "e"),
        ("session_id", "../../etc/passwd"),
        ("session_id", ".."),
        ("session_id", "a" * 65),
        ("session_id", ""),
        ("session_id", "a b"),
        ("session_id", "a\n"),
        ("session_id", 5),
        ("vocabulary", "Marta"),
        ("vocabulary", [1]),
        ("vocabulary", ["x" * 101]),
        ("vocabulary", ["x"] * 201),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/localtime"),
        ("timezone", "localtime"),
        ("started_at", -1),
        ("started_at", "now"),
        ("started_at", 1e300),
        ("diarize", "yes"),
        ("speakers", 0),
        ("resume_token", 5),
    ],
)
def test_invalid_config_names_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(json.dumps({"type": "config", field: value}))
    assert caught.value.code == "invalid_config"
    assert caught.value.param is not None
    assert caught.value.param.startswith(field)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "invalid_json"),
        ("", "invalid_json"),
        ('{"type": "gap", "duration_ms": NaN}', "invalid_json"),
        ('{"type": "gap", "duration_ms": 0}', "invalid_message"),
        ('{"type": "gap", "duration_ms": -5}', "invalid_message"),
        ('{"type": "gap"}', "invalid_message"),
        ('{"type": "gap", "duration_ms": "5"}', "invalid_message"),
        ('{"type": "audio_chunk", "data_b64": "AAAA"}', "invalid_message"),
        ('{"type": "audio_chunk", "chunk_id": 0, "data_b64": "AAAA"}', "invalid_message"),
        ('{"type": "audio_chunk", "chunk_id": 99999999999999999999999, "data_b64": "AAAA"}', "invalid_message"),
        ('{"type": "audio_chunk", "chunk_id": 1, "data_b64": 5}', "invalid_message"),
        ('{"type": "audio_chunk", "chunk_id": 1, "data_b64": "%%%"}', "invalid_base64"),
        ('{"type": "audio_chunk", "chunk_id": 1, "data_b64": "AAA"}', "invalid_base64"),
        ('{"type": "audio_chunk", "chunk_id": 1, "data_b64": "ñandú"}', "invalid_base64"),
        ("[" * 100_000, "invalid_json"),
        ('{"a": "\ud800"}', "invalid_json"),
    ],
)
def test_broken_messages_are_our_errors(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert caught.value.code == code


@pytest.mark.parametrize("session_id", ["...", "....", "a.", "-", "_.", ".a"])
def test_a_session_id_may_hold_dots(session_id: str) -> None:
    message = parse(json.dumps({"type": "config", "session_id": session_id}))
    assert isinstance(message, ConfigMessage)
    assert message.session_id == session_id


@given(st.text() | st.binary())
def test_anything_is_a_value_or_our_error(message: str | bytes) -> None:
    with contextlib.suppress(InvalidInput):
        parse(message)


@given(
    st.dictionaries(
        st.sampled_from(["type", "chunk_id", "data_b64", "duration_ms", "session_id", "vocabulary", "started_at"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["config", "gap"]),
    )
)
def test_any_json_object_is_a_value_or_our_error(fields: dict[str, object]) -> None:
    with contextlib.suppress(InvalidInput):
        parse(json.dumps(fields))
