"""What the auth service reads from its environment."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.limits import LIMIT_PATTERN
from chassis.settings import ServiceSettings
from services.auth.model.passwords import LEAST_ITERATIONS


class Settings(ServiceSettings):
    """Auth's own settings beside those that every service has."""

    public_url: str = Field("http://localhost:8000", description="Where clients reach the platform: the token issuer")
    registration: Literal["open", "invite", "closed"] = Field(
        "open", description="Who may register; `invite` admits nobody as long as there are no invites"
    )
    password_iterations: int = Field(
        LEAST_ITERATIONS,
        ge=1,
        description="PBKDF2 iterations of new password hashes; fewer than 600000 only with DEBUG, for tests",
    )
    hashing_places: int = Field(2, ge=1, description="Passwords that are hashed at the same time, at most one per core")
    signing_key_days: int = Field(30, ge=1, description="Days after which another key signs access tokens")
    login_limit: str = Field(
        "5/6",
        pattern=LIMIT_PATTERN,
        description="Logins to one account: how many at once / seconds until there is one more",
    )
    login_ip_limit: str = Field("20/3", pattern=LIMIT_PATTERN, description="Logins from one address, likewise")
    register_ip_limit: str = Field("3/6", pattern=LIMIT_PATTERN, description="Registrations from one address, likewise")
    resend_limit: str = Field(
        "3/1200", pattern=LIMIT_PATTERN, description="Verification mails that one account asks for, likewise"
    )

    @model_validator(mode="after")
    def _weak_hashes_are_for_tests(self) -> Self:
        if self.password_iterations < LEAST_ITERATIONS and not self.debug:
            raise ValueError(f"PASSWORD_ITERATIONS below {LEAST_ITERATIONS} needs DEBUG")
        return self

    @property
    def issuer(self) -> str:
        """The `iss` of access tokens: the public address without a slash at the end."""
        return self.public_url.rstrip("/")


class AdminSettings(BaseSettings):
    """What only the command that makes the first admin reads."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    admin_password: SecretStr | None = Field(None, description="Password of the first admin; otherwise it is asked for")
