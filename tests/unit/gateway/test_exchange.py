"""What is taken over from a client's headers."""

import pytest

from chassis.errors import CallerUnknown
from gateway import exchange as exchanges
from gateway.exchange import Exchange

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("sent", [b"a", b"01981f3c-7a5e-7c43-9d1f-5b0e2f6a8c11", b"trace:1.2_3", b"x" * 64])
def test_a_well_formed_request_id_is_kept(sent: bytes) -> None:
    assert exchanges.request_id(sent) == sent.decode()


@pytest.mark.parametrize("sent", [None, b"", b"x" * 65, b"a b", b"a\nb", b"<script>", "ä".encode()])
def test_any_other_is_replaced(sent: bytes | None) -> None:
    made = exchanges.request_id(sent)

    assert len(made) == 36
    assert made != exchanges.request_id(sent)


def test_a_trace_is_continued_with_a_span_of_our_own() -> None:
    version, trace, span, flags = exchanges.traceparent(PARENT).split("-")

    assert (version, trace, flags) == ("00", "4bf92f3577b34da6a3ce929d0e0e4736", "01")
    assert span != "00f067aa0ba902b7"
    assert len(span) == 16


@pytest.mark.parametrize(
    "sent",
    [
        None,
        b"",
        b"00-0-0-00",
        PARENT[:-1],
        PARENT.upper(),
        PARENT.replace(b"4bf92f3577b34da6a3ce929d0e0e4736", b"0" * 32),
    ],
)
def test_a_trace_that_is_none_is_begun_anew(sent: bytes | None) -> None:
    version, trace, span, flags = exchanges.traceparent(sent).split("-")

    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert int(trace, 16)
    assert trace != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_an_endpoint_for_the_signed_in_knows_whose_request_it_is() -> None:
    with pytest.raises(CallerUnknown):
        exchanges.signed_in(Exchange("GET", "/", {}, "192.0.2.1", False, "r", ""))
