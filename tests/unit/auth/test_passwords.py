import hashlib
import time

import pytest

from services.auth.model.accounts import AccountId, Credentials, Proof
from services.auth.model.errors import CredentialsInvalid, PasswordCommon, PasswordLength
from services.auth.model.passwords import LEAST_ITERATIONS, PasswordHash, PasswordRules
from services.auth.wiring import password_rules
from tests.support.factories.accounts import PASSWORD

FEW = 1000


def check(password: str, rules: PasswordRules | None = None) -> None:
    (rules or password_rules()).check(password, email="ada@example.org", username="ada")


@pytest.mark.parametrize("password", ["", "x", "short-one", "x" * 257, "é" * 9])
def test_length_is_counted_in_characters(password: str) -> None:
    with pytest.raises(PasswordLength) as refused:
        check(password)
    assert [(item.field, item.code) for item in refused.value.fields] == [("password", "password_length")]


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "a phrase of no kind",
        "x7!Kq" * 20,
        "пароль без правил",
        "correct horse battery staple",
        "z9" + "é" * 254,
    ],
)
def test_no_kind_of_character_is_demanded(password: str) -> None:
    check(password)


@pytest.mark.parametrize(
    "password",
    ["password123", "Password123", "PASSWORD1234", "1234567890", "qwertyuiop", "QWERTYUIOP", "iloveyou123",
     "1q2w3e4r5t", "aaaaaaaaaa", "passwordpassword", "letmein1234", "0987654321", "abcdefghij",
     "welcome2024", "administrator1"],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordCommon):
        check(password)


def test_the_list_holds_only_what_length_alone_would_let_pass() -> None:
    common = password_rules().common
    assert 3000 <= len(common) <= 10_000
    assert [word for word in common if not 10 <= len(word) <= 256 or word != word.casefold()] == []


def test_a_hash_says_how_it_was_made() -> None:
    stored = str(PasswordHash.make(PASSWORD, FEW))
    algorithm, iterations, salt, digest = stored.split("$")
    assert (algorithm, iterations, len(salt), len(digest)) == ("pbkdf2_sha256", "1000", 24, 44)
    made = PasswordHash.parse(stored)
    assert made.digest == hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), made.salt, FEW)
    assert str(PasswordHash.make(PASSWORD, FEW)) != stored


def test_a_hash_of_another_kind_is_not_read() -> None:
    with pytest.raises(ValueError, match="unknown"):
        PasswordHash.parse("md5$1$c2FsdA==$ZGlnZXN0")


def test_today_s_iterations_are_what_owasp_asks_for() -> None:
    assert LEAST_ITERATIONS >= 600_000


def test_the_right_password_is_accepted_and_no_other() -> None:
    stored = PasswordHash.parse(str(PasswordHash.make("e\u0301 long enough", FEW)))
    # Composed or not: another keyboard, the same password.
    assert stored.verify("\u00e9 long enough", FEW) is None
    for wrong in ("", "e long enough", "E\u0301 long enough", "e\u0301 long enough "):
        with pytest.raises(CredentialsInvalid):
            stored.verify(wrong, FEW)


def test_a_long_password_is_not_cut_off() -> None:
    stored = PasswordHash.make("x" * 200 + "a", FEW)
    with pytest.raises(CredentialsInvalid):
        stored.verify("x" * 200 + "b", FEW)


def test_a_right_password_is_hashed_anew_once_the_iterations_have_risen() -> None:
    stored = PasswordHash.make(PASSWORD, FEW)
    renewed = stored.verify(PASSWORD, 2 * FEW)
    assert renewed is not None
    assert renewed.iterations == 2 * FEW
    assert renewed.salt != stored.salt
    assert renewed.verify(PASSWORD, 2 * FEW) is None
    # Lowered again: nobody's hash gets weaker.
    assert renewed.verify(PASSWORD, FEW) is None


CREDENTIALS = Credentials(AccountId("a"), PasswordHash.make(PASSWORD, FEW))


def test_nobody_proves_to_be_an_account_that_does_not_exist() -> None:
    with pytest.raises(CredentialsInvalid):
        Proof.of(PASSWORD, None, FEW)
    assert Proof.of(PASSWORD, CREDENTIALS, FEW) == Proof(CREDENTIALS, None)


def test_a_failure_takes_the_same_time_whatever_its_cause() -> None:
    iterations = 20_000
    known = Credentials(AccountId("a"), PasswordHash.make(PASSWORD, iterations))
    dated = Credentials(AccountId("a"), PasswordHash.make(PASSWORD, iterations // 4))
    times: dict[str, list[float]] = {"wrong": [], "dated": [], "unknown": []}
    for _ in range(40):
        for cause, credentials in (("wrong", known), ("dated", dated), ("unknown", None)):
            begun = time.thread_time()
            with pytest.raises(CredentialsInvalid):
                Proof.of("another password", credentials, iterations)
            times[cause].append(time.thread_time() - begun)
    # The least of each: whatever else the machine does only adds to it.
    wrong, old, unknown = (min(times[cause]) for cause in ("wrong", "dated", "unknown"))
    assert unknown == pytest.approx(wrong, rel=0.1)
    assert old == pytest.approx(wrong, rel=0.1)
