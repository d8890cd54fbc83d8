"""What mails say: templates beside this file, a text and an HTML one for each mail."""

from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifications.model.mails import Mail, greeting_name

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
)


def verification(*, first_name: str, token: str, expires_at: datetime, public_url: str) -> Mail:
    """Write the mail by which somebody confirms their address."""
    words = {
        "name": greeting_name(first_name),
        "token": token,
        "expires_at": expires_at,
        "public_url": public_url.rstrip("/"),
    }
    return Mail(
        subject="Confirm your e-mail address",
        text=_environment.get_template("verify_email.txt").render(words),
        html=_environment.get_template("verify_email.html").render(words),
    )
