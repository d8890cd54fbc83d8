"""Failures as google.rpc.Status with ErrorInfo, and back: one mapping for calls and for items of a batch."""

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from chassis import errors
from chassis.errors import Failure, Violation
from chassis.rpc.metadata import STATUS_DETAILS

_CODES: dict[str, int] = {code.name: code.value[0] for code in grpc.StatusCode}
_NAMES = {number: name for name, number in _CODES.items()}
_KINDS: dict[str, type[Failure]] = {
    kind.code: kind
    for kind in (
        errors.Invalid,
        errors.Unauthenticated,
        errors.Refused,
        errors.NotFound,
        errors.AlreadyExists,
        errors.Conflict,
        errors.Exhausted,
        errors.Unavailable,
        errors.Expired,
    )
}


def to_status(failure: Failure) -> Status:
    """Write a failure down for the caller."""
    status = Status(code=_CODES[failure.code], message=str(failure))
    _attach(status, ErrorInfo(reason=failure.reason, domain=failure.domain, metadata=failure.metadata))
    if failure.retry_after is not None:
        seconds = int(failure.retry_after)
        _attach(status, RetryInfo(retry_delay=Duration(seconds=seconds, nanos=int((failure.retry_after % 1) * 1e9))))
    if failure.fields:
        violations = [
            BadRequest.FieldViolation(field=item.field, reason=item.code, description=item.message)
            for item in failure.fields
        ]
        _attach(status, BadRequest(field_violations=violations))
    return status


def grpc_code(status: Status) -> grpc.StatusCode:
    """The status's code as grpcio names it."""
    return grpc.StatusCode[_NAMES[status.code]]


class RemoteFailure(Failure):
    """A failure that another process reported; carries that process's reason and domain."""

    def __init__(self, status: Status) -> None:
        """Read the status's details."""
        kind = _KINDS.get(_NAMES.get(status.code, "INTERNAL"), errors.Defect)
        info, fields, retry_after = ErrorInfo(), [], None
        for detail in status.details:
            if detail.Is(ErrorInfo.DESCRIPTOR):
                detail.Unpack(info)
            elif detail.Is(BadRequest.DESCRIPTOR):
                request = BadRequest()
                detail.Unpack(request)
                fields = [Violation(item.field, item.reason, item.description) for item in request.field_violations]
            elif detail.Is(RetryInfo.DESCRIPTOR):
                retry = RetryInfo()
                detail.Unpack(retry)
                retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
        super().__init__(status.message, retry_after=retry_after, fields=fields, **dict(info.metadata))
        self.kind = kind
        self.code = kind.code  # type: ignore[misc]
        self.reason = info.reason or kind.reason  # type: ignore[misc]
        self._domain = info.domain

    @property
    def domain(self) -> str:
        """The domain that the other process gave."""
        return self._domain or "messaging"


def of_rpc_error(error: grpc.aio.AioRpcError) -> Failure:
    """Say what a failed call means to the one who made it."""
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS and isinstance(value, bytes):
            return RemoteFailure(Status.FromString(value))
    code = error.code()
    if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}:
        return errors.DependencyUnavailable(retry_after=1.0)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return errors.DeadlineRequired("The answer took too long.", retry_after=1.0)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return errors.Overloaded(retry_after=1.0)
    return errors.Defect("A service answered in a way that the contract does not know.")


def _attach(status: Status, detail: Message) -> None:
    status.details.add().Pack(detail)
