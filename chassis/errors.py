"""The tree of failures that domain code raises and one interceptor maps to a status.

A class names its gRPC status in `code` and its documented reason in `reason`. Reasons of this module stand in
messaging.chassis.v1.ErrorReason, those of a service in its own errors.proto.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Violation:
    """One field of a request that breaks a rule; `field` is a dotted path in the request message."""

    field: str
    code: str
    message: str


class Failure(Exception):
    """Something the caller is told about; `metadata` travels to the caller, so it must hold nothing private."""

    code: ClassVar[str] = "INTERNAL"
    reason: ClassVar[str] = "INTERNAL"
    detail: ClassVar[str] = ""

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        fields: Sequence[Violation] = (),
        **metadata: str,
    ) -> None:
        """Take the sentence for people; without one the class's own `detail` or docstring is used."""
        super().__init__(message or self.detail or (self.__doc__ or self.reason).strip().splitlines()[0])
        self.retry_after = retry_after
        self.fields = tuple(fields)
        self.metadata = metadata

    @property
    def domain(self) -> str:
        """The ErrorInfo domain: the service whose model defines the class, or the platform for shared reasons."""
        package = type(self).__module__.split(".")
        return f"{package[1]}.messaging" if package[0] == "services" else "messaging"


class Invalid(Failure):
    """The request can never succeed as it is."""

    code = "INVALID_ARGUMENT"


class Unauthenticated(Failure):
    """It is not known who asks."""

    code = "UNAUTHENTICATED"


class Refused(Failure):
    """The caller may see the thing, but not do this to it."""

    code = "PERMISSION_DENIED"


class NotFound(Failure):
    """Not there, or not for this caller to know of."""

    code = "NOT_FOUND"


class AlreadyExists(Failure):
    """Something else has the name or the key already."""

    code = "ALREADY_EXISTS"


class Conflict(Failure):
    """The thing's present state does not allow it."""

    code = "FAILED_PRECONDITION"


class Exhausted(Failure):
    """A limit is reached; `retry_after` says when to try again."""

    code = "RESOURCE_EXHAUSTED"


class Unavailable(Failure):
    """Something needed is not there at the moment; repeating the request is always safe."""

    code = "UNAVAILABLE"


class Expired(Failure):
    """There was not enough time."""

    code = "DEADLINE_EXCEEDED"


class Defect(Failure):
    """The service failed; the log holds the cause."""

    reason = "INTERNAL"


class InvalidRequest(Invalid):
    """The request breaks a rule of the contract."""

    reason = "INVALID_REQUEST"


class InvalidPageToken(Invalid):
    """The page token is not one of this list with these filters."""

    reason = "INVALID_PAGE_TOKEN"


class CallerUnknown(Unauthenticated):
    """The caller did not prove who it is."""

    reason = "CALLER_UNKNOWN"


class CallerRefused(Refused):
    """The calling process may not use this."""

    reason = "CALLER_REFUSED"


class IdempotencyKeyReused(AlreadyExists):
    """The same key came before with another request."""

    reason = "IDEMPOTENCY_KEY_REUSED"


class EtagMismatch(Conflict):
    """It has changed since the version that the request names."""

    reason = "ETAG_MISMATCH"


class Overloaded(Exhausted):
    """There is no room for the request at this moment."""

    reason = "OVERLOADED"


class RateLimited(Exhausted):
    """Too many requests."""

    reason = "RATE_LIMITED"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached at this moment."""

    reason = "DATABASE_UNAVAILABLE"


class DependencyUnavailable(Unavailable):
    """Something that the answer needs cannot be reached at this moment."""

    reason = "DEPENDENCY_UNAVAILABLE"


class Contention(Unavailable):
    """Others hold what the request needs; it waited long enough."""

    reason = "CONTENTION"


class DeadlineRequired(Expired):
    """The call named no deadline, or too little of it was left."""

    reason = "DEADLINE_REQUIRED"
