"""What pydantic found wrong, in the words of our messages."""

from collections.abc import Collection, Mapping
from typing import Any


def describe(problem: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> tuple[str, str | None]:
    """One problem as a message, and the field at fault; None if it is about the whole.

    Args:
        problem: an element of ``ValidationError.errors()``.
        leave_out: parts of the location that mean nothing to the caller, such as ``body``.
    """
    field = ".".join(str(part) for part in problem["loc"] if part not in leave_out) or None
    reason = str(problem["msg"]).removeprefix("Value error, ")  # pydantic's, before what our own validators say
    return (f"{field}: {reason}" if field else reason), field
