"""Reminding those who have not acknowledged a message that asks for it."""

from dataclasses import dataclass

from services.conversations.model.ids import MessageId, UserId

# Whoever has not reacted to so many will not do so because of one more.
MOST_REMINDERS = 24


@dataclass(frozen=True, slots=True)
class Reminder:
    """A message whose time to remind of it has come, and whom: nobody when it is settled or gone."""

    message_id: MessageId
    count: int
    user_ids: tuple[UserId, ...]

    @property
    def is_last(self) -> bool:
        """Whether nobody is reminded any more after this."""
        return not self.user_ids or self.count + 1 >= MOST_REMINDERS
