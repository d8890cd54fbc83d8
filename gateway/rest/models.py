"""Shapes that several resources share: how requests and answers are typed, pages, and problems.

Models of answers only document: answers are written by gateway/views.py, and a test holds the two equal.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from fastapi import Header, Path
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from chassis.errors import InvalidRequest, Violation

EXAMPLE_ID = "01981f3c-7a5e-7c43-9d1f-5b0e2f6a8c11"
EXAMPLE_USER = "01981f3b-1d2a-7e0b-8a44-90c1d7e3b602"
EXAMPLE_TIME = "2026-11-22T19:46:03.123456Z"

Item = TypeVar("Item")

Id = Annotated[str, Field(json_schema_extra={"format": "uuid"}, examples=[EXAMPLE_ID])]
# In a body: canonical or upper case, never without hyphens.
SentId = Annotated[
    str,
    Field(
        pattern="^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        json_schema_extra={"format": "uuid"},
        examples=[EXAMPLE_USER],
    ),
]
Time = Annotated[datetime, Field(description="RFC 3339, UTC, microseconds", examples=[EXAMPLE_TIME])]


_DATE_FIRST = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie in the years 1 to 9999 of UTC") from error


def _as_written(value: Any) -> Any:
    # Numbers, which could be seconds or milliseconds, would pass otherwise.
    if not isinstance(value, str) or not _DATE_FIRST.match(value):
        raise ValueError("must be a time as in RFC 3339")
    return value


# A zone can carry a time out of the calendar, where nothing behind here can follow.
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
# In a body, where nothing else is converted.
SentTime = Annotated[Moment, Field(strict=False, examples=[EXAMPLE_TIME]), BeforeValidator(_as_written)]


def stamp(moment: datetime | None) -> Timestamp | None:
    """The contract's form of a time; nothing for none."""
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def id_in_path(description: str) -> Any:
    """Describe an id that is a part of the address."""
    return Path(description=description, json_schema_extra={"format": "uuid"}, examples=[EXAMPLE_ID])


ConversationId = Annotated[str, id_in_path("Which conversation")]
Email = Annotated[str, Field(min_length=1, max_length=254, examples=["ada@example.org"])]
Password = Annotated[str, Field(min_length=1, max_length=256, examples=["securepassword123"])]


class Sent(BaseModel):
    """What clients send: unknown fields are refused, and nothing is converted to the type that it should have had."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Change(Sent):
    """What shall be different; fields that are left out stay as they are."""

    # Fields that say what is changed, not how.
    addressing: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The fields that were sent. Raises: InvalidRequest when there is none."""
        given = self.model_dump(include=self.model_fields_set - self.addressing)
        if not given:
            raise InvalidRequest(fields=[Violation("", "empty", "Name at least one field to change.")])
        return given


class Filters(BaseModel):
    """What clients ask for in the query, where everything is text."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Shown(BaseModel):
    """What clients get."""

    model_config = ConfigDict(extra="forbid")


class Paged(Filters):
    """Which page of a list."""

    page_size: int = Field(50, ge=1, le=200, description="How many entries at the most")
    cursor: str = Field("", max_length=1024, description="From `next` or `previous` of another page")


class Page(Shown, Generic[Item]):
    """A page of a list, with the addresses of its neighbours."""

    model_config = ConfigDict(json_schema_extra={"description": "A page of a list."})

    results: list[Item] = Field(description="The entries, in the list's order")
    next: str | None = Field(description="Address of the next page; null on the last", examples=[None])
    previous: str | None = Field(description="Address of the page before; null on the first", examples=[None])

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """A name that reads well in generated clients."""
        return f"{params[0].__name__}Page"


class ProblemField(Shown):
    """One field that breaks a rule."""

    field: str = Field(description="Dotted path of the field, empty for the whole body", examples=["content"])
    code: str = Field(description="Stable name of the rule", examples=["string_too_long"])
    message: str = Field(description="For people", examples=["String should have at most 16000 characters"])


class Problem(Shown):
    """What went wrong, as RFC 9457 writes it."""

    type: str = Field(description="Address of a page that explains the code")
    title: str = Field(description="The code in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What is wrong this time, for people")
    code: str = Field(description="Stable name of the problem, for programs")
    retryable: bool = Field(description="Whether the same request may succeed later")
    request_id: str = Field(description="For questions to the operator")
    errors: list[ProblemField] = Field(default=[], description="With status 422: the fields that break rules")


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=64,
        pattern="^[!-~]*$",
        description="Chosen by the client: the same key with the same body gets the first answer for 30 days",
        examples=["5b0e2f6a8c11"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=70,
        pattern=r'^(\*|"[!#-~]*")$',
        description="The `ETag` that the client last saw: the change is refused when there is a newer one",
        examples=['"7"'],
    ),
]
MessageType = Literal["text", "system", "poll"]
Priority = Literal["low", "normal", "high", "urgent"]
