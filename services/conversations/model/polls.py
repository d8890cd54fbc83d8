"""Polls: a question, which is a message's text, with options to vote for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.conversations.model.errors import PollClosed, PollInvalid, VoteInvalid
from services.conversations.model.ids import UserId

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

    def is_open(self, at: datetime) -> bool:
        """Whether votes count at this time."""
        return not self.is_closed and (self.closes_at is None or at < self.closes_at)

    def require_open(self, at: datetime) -> None:
        """Raises: PollClosed."""
        if not self.is_open(at):
            raise PollClosed()

    def check_vote(self, places: Sequence[int]) -> None:
        """Raises: VoteInvalid."""
        if (
            not places
            or len(set(places)) < len(places)
            or not 0 <= min(places) <= max(places) < len(self.options)
            or (len(places) > 1 and not self.is_multiple)
        ):
            raise VoteInvalid()

    def recounted(self, before: Collection[int], after: Collection[int]) -> "Poll":
        """The counts once somebody who voted for these options votes for those; none means no vote."""
        votes = self.votes or (0,) * len(self.options)
        return replace(
            self,
            votes=tuple(count - (place in before) + (place in after) for place, count in enumerate(votes)),
            voter_count=self.voter_count - bool(before) + bool(after),
        )


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person votes for."""

    user_id: UserId
    options: tuple[int, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ballot:
    """A poll as one person sees it, with the options that they voted for."""

    poll: Poll
    options: tuple[int, ...]
