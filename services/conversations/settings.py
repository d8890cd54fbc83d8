"""What the conversations service and its worker read from their environment."""

from datetime import timedelta

from pydantic import Field

from chassis.limits import LIMIT_PATTERN
from chassis.settings import WorkingSettings
from services.conversations.model.limits import Limits


class Settings(WorkingSettings):
    """Addresses, limits and windows."""

    users_target: str = Field(description="gRPC address of the users service")
    edit_window_seconds: int = Field(900, ge=0, description="How long the author may edit a message")
    delete_window_seconds: int = Field(3600, ge=0, description="How long the author may delete a message for everyone")
    message_characters: int = Field(16_000, ge=1, le=16_000, description="Longest text of a message")
    link_previews: bool = Field(True, description="Let the worker fetch pages that messages link to")
    acknowledgement_repeat_seconds: int = Field(
        3600, ge=1, description="How often those are reminded who have not acknowledged what asks for it"
    )
    search_limit: str = Field(
        "20/0.5", pattern=LIMIT_PATTERN, description="Searches of one person: how many at once / seconds until one more"
    )
    participant_limit: int = Field(1_000, ge=2, le=1_000, description="Most people in one conversation")

    @property
    def limits(self) -> Limits:
        """The same for the domain."""
        return Limits(
            edit_window=timedelta(seconds=self.edit_window_seconds),
            delete_window=timedelta(seconds=self.delete_window_seconds),
            message_characters=self.message_characters,
            participants=self.participant_limit,
            acknowledgement_repeat=timedelta(seconds=self.acknowledgement_repeat_seconds),
            has_link_previews=self.link_previews,
        )
