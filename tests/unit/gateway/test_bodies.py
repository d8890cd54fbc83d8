"""Bodies and queries that could mean two things, or cannot be stored."""

import pytest

from chassis.errors import InvalidRequest
from gateway.errors import AuthenticationRequired, MediaTypeUnsupported
from gateway.exchange import Exchange
from gateway.principal import TokenInvalid
from gateway.rest.bodies import parse
from gateway.rest.route import bearer_token, check_query, idempotency_key


def exchange(body: bytes = b"", **headers: str) -> Exchange:
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Exchange("POST", "/", sent, "192.0.2.1", False, "request-1", "", body=body)


def codes(body: bytes) -> set[str]:
    with pytest.raises(InvalidRequest) as refused:
        parse(exchange(body, content_type="application/json"))
    return {violation.code for violation in refused.value.fields}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\xff"}',
        b'{"a": "\x00"}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000,
        b'{"a": 1} {"b": 2}',
    ],
)
def test_what_is_not_exactly_one_json_value_is_refused(body: bytes) -> None:
    assert codes(body) == {"json_invalid"}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (rb'{"a": "x\u0000y"}', "a", "nul_character"),
        (rb'{"a": {"b": ["ok", "\u0000"]}}', "a.b.1", "nul_character"),
        (rb'{"a": "\ud800"}', "a", "lone_surrogate"),
        (rb'{"a": "\udc00\ud800"}', "a", "lone_surrogate"),
        (rb'{"\u0000": 1}', "", "nul_character"),
        (rb'{"\ud800": 1}', "", "lone_surrogate"),
    ],
)
def test_text_that_cannot_be_stored_is_refused_wherever_it_stands(body: bytes, field: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(exchange(body, content_type="application/json"))

    assert [(violation.field, violation.code) for violation in refused.value.fields] == [(field, code)]


@pytest.mark.parametrize(
    "body",
    [
        rb'{"a": "\ud83d\ude00"}',
        '{"a": "😀"}'.encode(),
        rb'{"a": "\\u0000"}',
        rb'{"a": "\u00e4"}',
        b'{"a": ' + b"[" * 600 + rb'"\u0041"' + b"]" * 600 + b"}",
    ],
)
def test_text_that_only_looks_like_it_passes(body: bytes) -> None:
    assert len(parse(exchange(body, content_type="application/json"))) == 1


def test_of_very_many_violations_the_first_are_told() -> None:
    body = b"[" + b",".join([rb'"\u0000"'] * 1000) + b"]"
    with pytest.raises(InvalidRequest) as refused:
        parse(exchange(body, content_type="application/json"))

    assert len(refused.value.fields) == 20


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
def test_only_json_that_says_so_is_read(media_type: str) -> None:
    with pytest.raises(MediaTypeUnsupported):
        parse(exchange(b"{}", content_type=media_type))
    with pytest.raises(MediaTypeUnsupported):
        parse(exchange(b"{}"))


def test_the_media_type_may_name_a_charset() -> None:
    assert parse(exchange(b"{}", content_type="Application/JSON; charset=utf-8")) == {}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"unknown=1", "extra_forbidden"),
        (b"page_size=1&page_size=2", "repeated"),
        (b"cursor=a%00b", "nul_character"),
        (b"&".join(b"a%d=1" % n for n in range(60)), "query_invalid"),
    ],
)
def test_a_query_that_is_not_understood_is_refused(query: bytes, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_query(query, frozenset({"page_size", "cursor"}))

    assert refused.value.fields[0].code == code


def test_a_query_that_is_understood_passes() -> None:
    check_query(b"", frozenset())
    check_query(b"page_size=1&cursor=", frozenset({"page_size", "cursor"}))


@pytest.mark.parametrize("key", ["", "x" * 65, "with space", "n\u00e4h"])
def test_an_idempotency_key_must_be_visible_ascii(key: str) -> None:
    with pytest.raises(InvalidRequest):
        idempotency_key(exchange(idempotency_key=key))


def test_an_idempotency_key_is_optional() -> None:
    assert idempotency_key(exchange()) is None
    assert idempotency_key(exchange(idempotency_key="a-1")) == "a-1"


def test_an_access_token_comes_as_bearer() -> None:
    assert bearer_token({b"authorization": b"bearer abc"}) == "abc"
    with pytest.raises(AuthenticationRequired):
        bearer_token({})
    for header in (b"Basic YTpi", b"Bearer", b"abc", b""):
        with pytest.raises(TokenInvalid):
            bearer_token({b"authorization": header})
