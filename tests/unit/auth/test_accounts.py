import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth.domain.accounts import Admission, fold_address
from services.auth.model.accounts import Account, Applicant, Role, State, name_of, role_names, username_of
from services.auth.model.errors import (
    AccountSuspended,
    EmailInvalid,
    PasswordCommon,
    PlatformRoleInsufficient,
    RegistrationClosed,
    UsernameInvalid,
)
from services.auth.model.passwords import PasswordRules
from tests.support.factories.accounts import PASSWORD, account

OPEN = Admission(is_open=True, passwords=PasswordRules(frozenset({"iloveyou123"})))


def examine(admission: Admission = OPEN, **fields: str) -> Applicant:
    defaults = {"email": "ada@example.org", "username": "ada", "password": PASSWORD}
    return admission.examine(**{**defaults, "first_name": "", "last_name": "", "locale": "", **fields})


@pytest.mark.parametrize("text", ["ada", "Ada.Lovelace", "a-b_c.d", "007", "x" * 32])
def test_a_username_is_folded_to_lower_case(text: str) -> None:
    assert username_of(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab",
        "x" * 33,
        ".ada",
        "-ada",
        "_ada",
        "a da",
        "ada\n",
        "аda",
        "ada\u200b",
        "\u212aate",
        "ſam",
        "ada!",
        "アダ1",
    ],
)
def test_a_username_that_breaks_the_rules_is_refused(text: str) -> None:
    with pytest.raises(UsernameInvalid) as refused:
        username_of(text)
    [violation] = refused.value.fields
    assert (violation.field, violation.code) == ("username", "username_invalid")


@given(st.text(max_size=40))
def test_what_is_accepted_is_plain_ascii_and_stays_the_same(text: str) -> None:
    try:
        name = username_of(text)
    except UsernameInvalid:
        return
    assert name.isascii()
    assert username_of(name) == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada  Lovelace ", "Ada Lovelace"),
        ("Ada\r\nBcc: all@example.org", "Ada Bcc: all@example.org"),
        ("A\x1bd\x07a", "Ada"),
        ("نرگس\u200cخاتون", "نرگس\u200cخاتون"),
    ],
)
def test_a_name_keeps_what_is_a_name(typed: str, kept: str) -> None:
    assert name_of(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Ada@Example.ORG", "Ada@example.org"), ("ada@bücher.example.org", "ada@xn--bcher-kva.example.org")],
)
def test_an_address_is_kept_as_typed_with_its_domain_in_ascii(typed: str, kept: str) -> None:
    assert examine(email=typed).email == kept
    assert fold_address(typed) == kept.lower()


@pytest.mark.parametrize(
    "text",
    ["ada", "ada@", "@example.org", "ada@localhost", "ada @example.org", "ada@example.org\n", "a@b@example.org",
     "аda@example.org", "ada@example..org", "ada@[127.0.0.1]", '"a d"@example.org', "x" * 65 + "@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(EmailInvalid):
        examine(email=text)
    assert fold_address(text) == text


def test_somebody_who_keeps_the_rules_is_taken() -> None:
    assert examine(username="ADA", first_name=" A ", last_name="L", locale="de-AT") == Applicant(
        "ada@example.org", "ada", "A", "L", "de-AT"
    )
    assert examine().locale == "en"


@pytest.mark.parametrize("password", ["ILoveYou123", "ada@example.org", "ada-lovelace"])
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordCommon):
        examine(password=password, username="ada-lovelace")


def test_a_closed_installation_looks_at_nothing() -> None:
    with pytest.raises(RegistrationClosed):
        examine(Admission(is_open=False, passwords=OPEN.passwords), email="nothing")


USER, MODERATOR, ADMIN = account(), account(Role.MODERATOR), account(Role.ADMIN)


@pytest.mark.parametrize(
    ("actor", "roles", "may"),
    [
        (USER, (Role.MODERATOR, Role.ADMIN), False),
        (MODERATOR, (Role.MODERATOR, Role.ADMIN), True),
        (MODERATOR, (Role.ADMIN,), False),
        (ADMIN, (Role.ADMIN,), True),
        (account(Role.ADMIN, state=State.SUSPENDED), (Role.ADMIN,), False),
    ],
)
def test_a_role_is_required_of_who_acts(actor: Account, roles: tuple[Role, ...], may: bool) -> None:
    if may:
        actor.require_any_role(*roles)
    else:
        with pytest.raises(PlatformRoleInsufficient):
            actor.require_any_role(*roles)


def test_admins_answer_to_admins_only() -> None:
    MODERATOR.require_may_govern(MODERATOR)
    ADMIN.require_may_govern(ADMIN)
    with pytest.raises(PlatformRoleInsufficient):
        MODERATOR.require_may_govern(ADMIN)


def test_a_suspended_account_cannot_be_used() -> None:
    USER.require_active()
    with pytest.raises(AccountSuspended):
        account(state=State.SUSPENDED).require_active()


def test_roles_are_written_in_one_order() -> None:
    assert role_names({Role.MODERATOR, Role.ADMIN}) == ["admin", "moderator"]
