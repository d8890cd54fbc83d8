"""Paging, crypto, ids, failures and the current call: what needs no server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import call, errors, ids, paging
from chassis.call import Call, Caller, serving
from chassis.crypto import Box, SealBroken
from chassis.events import subject
from chassis.paging import Cursor, Pager
from chassis.settings import caller_digests

PLACE = ("profiles", "phone", "1")


class TestPaging:
    @given(st.lists(st.one_of(st.text(), st.integers(-(2**53), 2**53)), max_size=4), st.booleans())
    def test_a_cursor_comes_back_as_it_went(self, key: list[str | int], is_backward: bool) -> None:
        pager = Pager("k" * 32)
        cursor = Cursor(tuple(key), is_backward)
        if all(isinstance(part, int) or part.isprintable() for part in key):
            assert pager.decode(pager.encode(cursor, {"a": 1}), {"a": 1}) == cursor

    def test_no_cursor_is_no_token(self) -> None:
        pager = Pager("k" * 32)
        assert pager.encode(None, {}) == ""
        assert pager.decode("", {}) is None

    @pytest.mark.parametrize("token", ["x", "%%%", "AAAA", "é", "A" * 500])
    def test_a_forged_token_is_refused(self, token: str) -> None:
        with pytest.raises(errors.InvalidPageToken):
            Pager("k" * 32).decode(token, {})

    def test_a_token_serves_only_its_own_list(self) -> None:
        token = Pager("k" * 32).encode(Cursor((1,)), {"user": "a"})
        with pytest.raises(errors.InvalidPageToken):
            Pager("k" * 32).decode(token, {"user": "b"})
        with pytest.raises(errors.InvalidPageToken):
            Pager("l" * 32).decode(token, {"user": "a"})

    @pytest.mark.parametrize(("asked", "given_size"), [(0, 50), (1, 1), (200, 200), (201, 200)])
    def test_a_page_has_a_default_and_a_maximum(self, asked: int, given_size: int) -> None:
        assert paging.size(asked) == given_size


class TestBox:
    def test_a_sealed_value_opens_in_its_place_only(self) -> None:
        box = Box(["a" * 32])
        sealed = box.seal(b"+49 30 1", context=PLACE)
        assert b"+49" not in sealed
        assert box.open(sealed, context=PLACE) == b"+49 30 1"
        with pytest.raises(SealBroken):
            box.open(sealed, context=("profiles", "phone", "2"))

    def test_a_value_sealed_with_an_older_key_still_opens(self) -> None:
        old, ring = Box(["a" * 32]), Box(["b" * 32, "a" * 32])
        sealed = old.seal(b"x", context=PLACE)
        assert ring.open(sealed, context=PLACE) == b"x"
        assert not ring.is_current(sealed)
        assert ring.is_current(ring.seal(b"x", context=PLACE))
        with pytest.raises(SealBroken):
            Box(["b" * 32]).open(sealed, context=PLACE)

    def test_a_damaged_value_is_refused(self) -> None:
        box = Box(["a" * 32])
        sealed = box.seal(b"x", context=PLACE)
        for damaged in (b"", sealed[:-1], b"\x02" + sealed[1:], sealed[:12]):
            with pytest.raises(SealBroken):
                box.open(damaged, context=PLACE)

    def test_the_same_value_never_looks_the_same(self) -> None:
        box = Box(["a" * 32])
        assert box.seal(b"x", context=PLACE) != box.seal(b"x", context=PLACE)


class TestIds:
    def test_ids_are_version_7_and_rise(self) -> None:
        made = [ids.uuid7() for _ in range(1000)]
        assert made == sorted(set(made))
        assert all(ids.is_uuid(one) and one[14] == "7" for one in made)

    @pytest.mark.parametrize("text", ["", "x" * 36, "0199C1A0-0000-7000-8000-000000000001", "{0199c1a0}", "1"])
    def test_other_texts_are_no_ids(self, text: str) -> None:
        assert not ids.is_uuid(text)


class TestFailures:
    def test_a_failure_speaks_for_itself(self) -> None:
        assert str(errors.RateLimited()) == "Too many requests."
        assert str(errors.NotFound("No such thing.")) == "No such thing."

    def test_its_domain_is_the_service_whose_model_names_it(self) -> None:
        class Odd(errors.Invalid):
            reason = "ODD"

        Odd.__module__ = "services.auth.model.errors"
        assert (Odd().domain, errors.RateLimited().domain) == ("auth.messaging", "messaging")
        assert str(Odd()) == "ODD"


class TestCall:
    def test_outside_of_a_call_nobody_acts(self) -> None:
        with pytest.raises(errors.CallerUnknown):
            call.caller()
        assert call.current().remaining(2.0) == 2.0

    def test_a_call_ends_with_its_block(self) -> None:
        alice = Caller("alice", roles=frozenset({"admin"}))
        with serving(Call(caller=alice)):
            assert call.caller() is alice
            assert alice.has_role("moderator", "admin")
            assert not alice.has_role("moderator")
        assert call.current().caller is None


def test_callers_are_read_from_their_setting() -> None:
    assert caller_digests("gateway=aa, users=bb,") == {"aa": "gateway", "bb": "users"}
    assert caller_digests("") == {}


def test_a_subject_names_service_kind_and_aggregate() -> None:
    assert subject("auth", "account_registered", "1") == "messaging.auth.v1.account_registered.1"
