"""What the notifications service and its worker read from their environment."""

from pydantic import Field

from chassis.settings import WorkingSettings


class Settings(WorkingSettings):
    """Settings of one notifications process, server or worker."""

    auth_target: str = Field(description="gRPC address of the auth service")
    users_target: str = Field(description="gRPC address of the users service")
    public_url: str = Field("http://localhost:8000", description="Where people reach the platform; links in mails")
    email_host: str = Field("localhost", description="SMTP server")
    email_port: int = Field(587, ge=1, le=65535, description="Its port; 465 speaks TLS from the first byte")
    email_use_tls: bool = Field(True, description="Refuse to send a mail over a connection that is not encrypted")
    email_host_user: str = Field("", description="SMTP user; empty for none")
    email_host_password: str = Field("", description="SMTP password")
    email_from: str = Field("messaging@localhost", description="Sender of all mails")
