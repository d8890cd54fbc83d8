"""Profiles and the rules for what may stand in them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from chassis.errors import EtagMismatch, Violation
from services.users.model.errors import NotYourProfile, ProfileInvalid
from services.users.model.privacy import OPEN, Audience, Privacy

UserId = NewType("UserId", str)

LONGEST_NAME = 100
LONGEST_BIO = 1000
PRIVATE_FIELDS = ("phone", "date_of_birth")

_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Control characters, lone surrogates, line and paragraph separators.
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
# They turn the text around them, so that one name can look like another.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as stored. `phone` and `date_of_birth` are sealed, and empty where they were not read."""

    user_id: UserId
    username: str
    display_name: str
    first_name: str
    last_name: str
    bio: str
    is_verified: bool
    is_bot: bool
    is_suspended: bool
    created_at: datetime
    updated_at: datetime
    version: int
    phone: bytes = b""
    date_of_birth: bytes = b""
    privacy: Privacy = OPEN
    # Whether they block anybody at all.
    has_blocks: bool = False

    @property
    def is_same_for_all(self) -> bool:
        """Whether it makes no difference who else looks."""
        return self.privacy.profile_visibility is Audience.EVERYONE and not self.has_blocks

    @property
    def etag(self) -> str:
        """Names this version of the profile."""
        return str(self.version)

    def require_etag(self, etag: str) -> None:
        """Raises: EtagMismatch, unless the etag is this version's or empty."""
        if etag not in {"", self.etag}:
            raise EtagMismatch()

    def require_editable_by(self, editor_id: UserId, *, is_admin: bool) -> None:
        """Raises: NotYourProfile."""
        if not is_private_shown(self.user_id, viewer_id=editor_id, is_admin=is_admin):
            raise NotYourProfile()


def is_private_shown(user_id: UserId, *, viewer_id: UserId, is_admin: bool) -> bool:
    """Tell whether the viewer may see a profile's private fields, which is whether they may change the profile."""
    return is_admin or viewer_id == user_id


def initial_display_name(username: str, first_name: str, last_name: str) -> str:
    """What to call a person who has not said so themselves."""
    return f"{first_name} {last_name}".strip()[:LONGEST_NAME].rstrip() or username


def tidy_name(text: str) -> str:
    """Make a name from registration fit; the account exists already, so that nothing can be refused any more."""
    printable = "".join(" " if _is_unprintable(character) else character for character in _normal(text))
    tidied = " ".join(printable.split())[:LONGEST_NAME].rstrip()
    return "" if _is_blank(tidied) else tidied


def checked(values: Mapping[str, str], *, today: date) -> dict[str, str]:
    """Return the values in the form in which they are kept. Raises: ProfileInvalid, naming every field at fault."""
    kept: dict[str, str] = {}
    found: list[Violation] = []
    for field, value in values.items():
        kept[field] = _normal(value)
        for code, message in _faults(field, kept[field], today):
            found.append(Violation(f"profile.{field}", code, message))
    if found:
        raise ProfileInvalid(fields=found, field=found[0].field.removeprefix("profile."))
    return kept


def _faults(field: str, value: str, today: date) -> list[tuple[str, str]]:
    match field:
        case "phone":
            is_right = not value or _PHONE.fullmatch(value) is not None
            return [] if is_right else [("phone", "must be an E.164 number like +4915112345678, or empty")]
        case "date_of_birth":
            is_right = not value or _is_past_date(value, today)
            return [] if is_right else [("date_of_birth", "must be a date in the past like 1990-12-31, or empty")]
        case "bio":
            return _text_faults(value, longest=LONGEST_BIO, allowed="\n\t")
        case "display_name":
            return _text_faults(value, longest=LONGEST_NAME, is_needed=True)
    return _text_faults(value, longest=LONGEST_NAME)


def _text_faults(value: str, *, longest: int, allowed: str = "", is_needed: bool = False) -> list[tuple[str, str]]:
    found = []
    if len(value) > longest:
        found.append(("too_long", f"must be at most {longest} characters long"))
    if any(_is_unprintable(character) and character not in allowed for character in value):
        found.append(("unprintable", "must not contain control characters"))
    if (value or is_needed) and _is_blank(value):
        found.append(("blank", "must show something"))
    return found


def _is_unprintable(character: str) -> bool:
    return unicodedata.category(character) in _UNPRINTABLE or character in _TURNING


def _is_blank(text: str) -> bool:
    # Separators and format characters alone look like nothing.
    return all(unicodedata.category(character)[0] in "ZC" for character in text)


def _is_past_date(text: str, today: date) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        return date.fromisoformat(text) < today
    except ValueError:
        return False


def _normal(text: str) -> str:
    # One spelling for what looks the same, so that it is found whichever way it was typed.
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
