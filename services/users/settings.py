"""What the users service reads from its environment."""

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of one users process."""

    profile_cache_seconds: int = Field(
        300, ge=10, le=86400, description="How long Redis keeps a profile nobody changes"
    )
