from datetime import UTC, datetime

from services.notifications.jobs import letters
from services.notifications.model.mails import Mail


def letter(first_name: str = "Ada", public_url: str = "https://chat.example/") -> Mail:
    expires_at = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    return letters.verification(first_name=first_name, token="t0k-en_", expires_at=expires_at, public_url=public_url)


def test_the_text_alone_is_enough_to_confirm() -> None:
    text = letter().text
    assert text.startswith("Hello Ada,\n")
    assert "\n    https://chat.example/verify-email#token=t0k-en_\n" in text
    assert (
        "curl -X POST https://chat.example/api/v1/auth/email/verify/ -H 'Content-Type: application/json'"
        """ -d '{"token": "t0k-en_"}'\n""" in text
    )
    assert "until 2026-03-02 12:30 UTC" in text


def test_html_says_the_same() -> None:
    html = letter().html
    assert '<a href="https://chat.example/verify-email#token=t0k-en_">' in html
    assert "https://chat.example/api/v1/auth/email/verify/" in html
    assert "2026-03-02 12:30 UTC" in html


def test_a_name_that_is_none_is_left_out() -> None:
    assert letter("<script>").text.startswith("Hello,\n")
    assert "script" not in letter("<script>").html


def test_markup_in_a_name_stays_text() -> None:
    assert "Ada &amp; Co" in letter("Ada & Co").html
