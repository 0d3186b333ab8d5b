"""The header ``Range``, as far as players and downloads use it: one stretch of bytes (RFC 9110, section 14)."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


def byte_range(headers: Headers, size: int) -> range | None:
    """Which bytes of ``size`` a request asks for; None for all of them, also if it asks for what is not served.

    Raises:
        HTTPException: 416, there are no such bytes.
    """
    asked = _ONE_RANGE.fullmatch(headers.get("range", "").strip())
    if asked is None or "if-range" in headers:  # nothing here has a validator that If-Range could match
        return None
    first, last = asked.groups()
    if not first and not last:
        return None
    if not first:
        found = range(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        found = range(int(first), min(int(last) + 1, size) if last else size)
    if not found:
        raise HTTPException(416, f"there are only {size} bytes", {"Content-Range": f"bytes */{size}"})
    return found
