"""Mails to people."""

import re
from dataclasses import dataclass

VERIFICATION = "verification_mail"

# Whoever registers somebody else's address chooses the name: nothing that a mail program would make a link of.
_LINK_LIKE = re.compile(r"[/:@\\<>]|\.\S|www", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail before it is addressed; the text says all that the HTML says."""

    subject: str
    text: str
    html: str


def greeting_name(first_name: str) -> str:
    """How to greet somebody, empty when the name could be more than a name."""
    name = " ".join(first_name.split())
    return "" if _LINK_LIKE.search(name) or not name.isprintable() else name
