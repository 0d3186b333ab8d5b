"""Every error that crosses a layer.

::

    VigiaError
    ├── InvalidInput            what the caller sent cannot be used
    │   └── TooLarge            … because it exceeds a bound
    ├── NotAuthenticated        no, or no valid, credentials
    ├── Forbidden               the credentials do not allow it
    ├── NotFound                no such thing, or not the caller's
    ├── Conflict                the thing is in a state that forbids it
    ├── Overloaded              a quota or the machine is full; retry later
    ├── SessionSilent           a live client said nothing for too long
    ├── ConfigurationError      the operator must change a setting, a file or the machine
    ├── StorageError            the disk refused (full, I/O error)
    └── GatewayError            a model or remote engine failed
        ├── GatewayUnavailable  it is not there, or not loaded
        ├── GatewayBusy         its queue is full; retry later
        ├── GatewayTimeout      it did not answer by the deadline
        └── GatewayProtocolError  it answered something that its protocol does not allow

``app/api/errors.py`` holds the one table from these to HTTP status, close code and stream event.
"""

import errno

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_MAKE_ROOM = "make room on its disk"
_CHECK_FOLDER = "check that the data folder is there, that this server may write to it, and that its disk is well"


class VigiaError(Exception):
    """Base of all errors.

    Attributes:
        message: what happened and what to do next, in a sentence; never holds content of a session.
        code: stable machine-readable name, such as ``invalid_config``.
        param: the field or setting at fault, if there is one.
        retry_after_s: seconds after which a repetition may succeed; None if it will not.
    """

    default_code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.param = param
        self.retry_after_s = retry_after_s


class InvalidInput(VigiaError):
    """What the caller sent cannot be used."""

    default_code = "invalid_input"


class TooLarge(InvalidInput):
    """The input exceeds a bound."""

    default_code = "too_large"


class NotAuthenticated(VigiaError):
    """No credentials, or none that are valid."""

    default_code = "not_authenticated"


class Forbidden(VigiaError):
    """The credentials do not allow it."""

    default_code = "forbidden"


class NotFound(VigiaError):
    """No such thing, or it belongs to someone else."""

    default_code = "not_found"


class Conflict(VigiaError):
    """The thing is in a state that forbids the operation."""

    default_code = "conflict"


class Overloaded(VigiaError):
    """A quota or the machine is full."""

    default_code = "overloaded"


class SessionSilent(VigiaError):
    """A live client said nothing for longer than allowed."""

    default_code = "idle_timeout"


class ConfigurationError(VigiaError):
    """The operator must change a setting, a file or the machine."""

    default_code = "configuration_error"


class StorageError(VigiaError):
    """The disk refused: full, read-only, or an I/O error."""

    default_code = "storage_error"

    @classmethod
    def of(cls, what: str, error: OSError) -> "StorageError":
        """That ``what`` failed, why, and what helps against it."""
        remedy = _MAKE_ROOM if error.errno in _FULL else _CHECK_FOLDER
        return cls(f"{what} ({error.strerror or type(error).__name__}); {remedy}")


class GatewayError(VigiaError):
    """A model or remote engine failed."""

    default_code = "gateway_error"


class GatewayUnavailable(GatewayError):
    """The model is not there or not loaded."""

    default_code = "model_unavailable"


class GatewayBusy(GatewayError):
    """The model's queue is full; the caller may retry."""

    default_code = "model_busy"


class GatewayTimeout(GatewayError):
    """The model did not answer by the deadline."""

    default_code = "model_timeout"


class GatewayProtocolError(GatewayError):
    """A remote engine answered something that its protocol does not allow."""

    default_code = "model_protocol_error"
