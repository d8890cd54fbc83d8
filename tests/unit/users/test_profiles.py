import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import EtagMismatch
from services.users.model.errors import NotYourProfile, ProfileInvalid
from services.users.model.profiles import checked, initial_display_name, is_private_shown, tidy_name
from tests.support.factories import profiles

TODAY = date(2026, 3, 1)


def kept(field: str, value: str) -> str:
    return checked({field: value}, today=TODAY)[field]


@pytest.mark.parametrize(
    ("field", "typed", "stored"),
    [
        ("display_name", "  Ada  ", "Ada"),
        ("display_name", "A" * 100, "A" * 100),
        ("display_name", "Jose\u0301", "José"),
        ("display_name", "👩‍🚀", "👩‍🚀"),
        ("first_name", "", ""),
        ("last_name", "می‌خواهم", "می‌خواهم"),
        ("bio", "one\r\ntwo\n\tthree", "one\ntwo\n\tthree"),
        ("bio", "é" * 1000, "é" * 1000),
        ("phone", "+4915112345678", "+4915112345678"),
        ("phone", " +14155550100 ", "+14155550100"),
        ("phone", "", ""),
        ("date_of_birth", "1990-12-31", "1990-12-31"),
        ("date_of_birth", "2026-02-28", "2026-02-28"),
        ("date_of_birth", "2024-02-29", "2024-02-29"),
        ("date_of_birth", "", ""),
    ],
)
def test_a_value_is_kept_in_one_form(field: str, typed: str, stored: str) -> None:
    assert kept(field, typed) == stored


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("display_name", "", "blank"),
        ("display_name", "   ", "blank"),
        ("display_name", "\u200b\u200d", "blank"),
        ("first_name", "\u200b", "blank"),
        ("display_name", "A" * 101, "too_long"),
        ("bio", "A" * 1001, "too_long"),
        ("display_name", "A\nB", "unprintable"),
        ("first_name", "A\u2028B", "unprintable"),
        ("last_name", "A\u202eB", "unprintable"),
        ("bio", "bell\x07", "unprintable"),
        ("bio", "lone \ud800 surrogate", "unprintable"),
        ("bio", "nul\x00", "unprintable"),
        ("phone", "004915112345678", "phone"),
        ("phone", "+0123456789", "phone"),
        ("phone", "+49 151 12345678", "phone"),
        ("phone", "+123456", "phone"),
        ("phone", "+1234567890123456", "phone"),
        ("phone", "+١٢٣٤٥٦٧٨", "phone"),
        ("phone", "+4915112345678\n;", "phone"),
        ("date_of_birth", "2026-03-01", "date_of_birth"),
        ("date_of_birth", "2030-01-01", "date_of_birth"),
        ("date_of_birth", "2025-02-29", "date_of_birth"),
        ("date_of_birth", "2025-13-01", "date_of_birth"),
        ("date_of_birth", "0000-01-01", "date_of_birth"),
        ("date_of_birth", "19901231", "date_of_birth"),
        ("date_of_birth", "1990-W01-1", "date_of_birth"),
        ("date_of_birth", "31.12.1990", "date_of_birth"),
    ],
)
def test_a_value_that_breaks_its_rule_is_refused(field: str, value: str, code: str) -> None:
    with pytest.raises(ProfileInvalid) as refused:
        kept(field, value)

    assert [(fault.field, fault.code) for fault in refused.value.fields] == [(f"profile.{field}", code)]
    assert refused.value.metadata == {"field": field}


def test_a_refusal_names_every_field_and_repeats_no_value() -> None:
    with pytest.raises(ProfileInvalid) as refused:
        checked({"phone": "secret-phone", "bio": "fine", "date_of_birth": "secret-day"}, today=TODAY)

    assert [fault.field for fault in refused.value.fields] == ["profile.phone", "profile.date_of_birth"]
    assert "secret" not in str(refused.value) + str(refused.value.fields) + str(refused.value.metadata)


@given(st.text(max_size=1200))
def test_what_is_kept_is_kept_again_unchanged(text: str) -> None:
    for field in ("display_name", "bio"):
        try:
            once = kept(field, text)
        except ProfileInvalid:
            continue
        assert kept(field, once) == once


@given(st.text(max_size=300))
def test_a_tidied_name_is_one_that_could_have_been_typed(text: str) -> None:
    assert kept("first_name", tidy_name(text)) == tidy_name(text)


@pytest.mark.parametrize(
    ("typed", "tidied"),
    [("Ada\x00\nLovelace", "Ada Lovelace"), ("\u200b", ""), ("x" * 300, "x" * 100), ("  Zoë ", "Zoë")],
)
def test_a_name_from_registration_is_made_to_fit(typed: str, tidied: str) -> None:
    assert tidy_name(typed) == tidied


@pytest.mark.parametrize(
    ("first_name", "last_name", "expected"),
    [
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("Ada", "", "Ada"),
        ("", "Lovelace", "Lovelace"),
        ("", "", "ada"),
        ("x" * 100, "y", "x" * 100),
    ],
)
def test_people_are_called_by_their_names_or_else_their_username(
    first_name: str, last_name: str, expected: str
) -> None:
    assert initial_display_name("ada", first_name, last_name) == expected


def test_only_the_person_and_admins_edit_a_profile_and_see_what_is_private() -> None:
    profile = profiles.profile()
    stranger = profiles.user_id()

    profile.require_editable_by(profile.user_id, is_admin=False)
    profile.require_editable_by(stranger, is_admin=True)
    with pytest.raises(NotYourProfile):
        profile.require_editable_by(stranger, is_admin=False)
    assert is_private_shown(profile.user_id, viewer_id=profile.user_id, is_admin=False)
    assert not is_private_shown(profile.user_id, viewer_id=stranger, is_admin=False)


def test_an_etag_names_one_version() -> None:
    profile = profiles.profile(version=7)

    profile.require_etag("")
    profile.require_etag(profile.etag)
    for other in (profiles.profile(version=8).etag, "*", string.ascii_letters):
        with pytest.raises(EtagMismatch):
            profile.require_etag(other)
