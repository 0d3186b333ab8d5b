import errno
import re

import pytest

from app.domain.error_fields import MAX_CAUSES, MAX_FRAMES, error_fields
from app.domain.errors import GatewayError, StorageError

pytestmark = pytest.mark.unit
SECRET = "my PIN is 4711"


def tokenize(text: str) -> None:
    raise ValueError(f"cannot tokenize {text!r}")


def translated() -> None:
    try:
        tokenize(SECRET)
    except ValueError as error:
        raise GatewayError("the model failed") from error


def dig(depth: int) -> None:
    if depth == 0:
        tokenize(SECRET)
    dig(depth - 1)


def caught(work: object, *args: object) -> Exception:
    assert callable(work)
    try:
        work(*args)
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def test_the_message_of_a_foreign_error_is_left_out() -> None:
    fields = error_fields(caught(tokenize, SECRET))
    assert SECRET not in str(fields)
    assert fields["error"] == "ValueError"
    assert set(fields) == {"error", "where"}


def test_an_error_of_ours_says_why_and_a_foreign_cause_only_where() -> None:
    fields = error_fields(caught(translated))
    assert SECRET not in str(fields)
    assert (fields["error"], fields["reason"]) == ("GatewayError", "the model failed")
    assert re.fullmatch(r"ValueError at tests/unit/test_error_fields\.py:\d+", fields["causes"]), fields


def test_the_innermost_calls_come_first_and_are_few() -> None:
    places = error_fields(caught(dig, 40))["where"].split(" < ")
    assert len(places) == MAX_FRAMES
    inside, *outside = [int(place.rpartition(":")[2]) for place in places]
    assert inside == tokenize.__code__.co_firstlineno + 1
    assert set(outside) <= set(range(dig.__code__.co_firstlineno, dig.__code__.co_firstlineno + 4))


def test_an_error_of_the_system_has_its_name() -> None:
    assert error_fields(OSError(errno.ENOSPC, SECRET)) == {"error": "OSError [ENOSPC]", "where": ""}
    assert error_fields(OSError(SECRET))["error"] == "OSError"


def test_a_cause_that_is_hidden_stays_hidden_and_a_circle_ends() -> None:
    hidden = StorageError("the disk refused")
    hidden.__context__, hidden.__suppress_context__ = ValueError(SECRET), True
    assert "causes" not in error_fields(hidden)
    first, second = KeyError("a"), KeyError("b")
    first.__context__, second.__context__ = second, first
    assert error_fields(first)["causes"].split(" < ") == ["KeyError"] * MAX_CAUSES
