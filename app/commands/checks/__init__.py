"""What ``doctor`` looks at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        status: ``ok``, ``warn`` (it works, with a limit) or ``fail`` (the server will not work).
        detail: what was found.
        advice: what to do about it; empty if nothing needs to be done.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    advice: str = ""
