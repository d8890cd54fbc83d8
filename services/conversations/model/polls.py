"""Polls: a question, which is a message's text, with options to vote for."""

from dataclasses import dataclass
from datetime import datetime

from services.conversations.model.errors import PollInvalid

MAX_OPTIONS = 20
MAX_OPTION_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Poll:
    """Options with their counts; a vote names an option by its place from 0."""

    options: tuple[str, ...]
    is_multiple: bool = False
    is_anonymous: bool = False
    closes_at: datetime | None = None
    is_closed: bool = False
    votes: tuple[int, ...] = ()
    voter_count: int = 0

    def check(self) -> None:
        """Raises: PollInvalid."""
        lengths = {len(option) for option in self.options}
        if (
            not 2 <= len(self.options) <= MAX_OPTIONS
            or len(set(self.options)) < len(self.options)
            or not 1 <= min(lengths) <= max(lengths) <= MAX_OPTION_CHARACTERS
            or any("\x00" in option or not option.strip() for option in self.options)
        ):
            raise PollInvalid()
