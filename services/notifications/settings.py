"""What the notifications service and its worker read from their environment."""

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Settings of one notifications process, server or worker."""

    auth_target: str = Field(description="gRPC address of the auth service")
    users_target: str = Field(description="gRPC address of the users service")
    public_url: str = Field("http://localhost:8000", description="Where people reach the platform; links in mails")
    celery_broker_url: str = Field(description="Redis address by which workers hear of jobs")
    celery_result_backend: str = Field("", description="Where Celery would keep results; no task of ours has any")
    celery_concurrency: int = Field(2, ge=1, le=64, description="Jobs that a worker does at the same time")
    email_host: str = Field("localhost", description="SMTP server")
    email_port: int = Field(587, ge=1, le=65535, description="Its port; 465 speaks TLS from the first byte")
    email_use_tls: bool = Field(True, description="Refuse to send a mail over a connection that is not encrypted")
    email_host_user: str = Field("", description="SMTP user; empty for none")
    email_host_password: str = Field("", description="SMTP password")
    email_from: str = Field("messaging@localhost", description="Sender of all mails")
