"""What the users service reads from its environment."""

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of one users process."""
