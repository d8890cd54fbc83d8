"""What an operator may set differently."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and for how long."""

    edit_window: timedelta = timedelta(minutes=15)
    delete_window: timedelta = timedelta(minutes=60)
    message_characters: int = 16_000
    participants: int = 1_000
    # How long those who have not acknowledged a message wait to be reminded.
    acknowledgement_repeat: timedelta = timedelta(hours=1)
    has_link_previews: bool = True
