"""The mails that jobs are about."""

import asyncio
from datetime import UTC

import structlog

from chassis.database.jobs import Job
from chassis.errors import Failure, NotFound
from chassis.jobs import Work
from chassis.rpc.client import Channel
from messaging.auth.v1 import accounts_pb2 as pb
from messaging.auth.v1 import accounts_pb2_grpc as rpc
from services.notifications.jobs import letters
from services.notifications.jobs.post import Post
from services.notifications.model.mails import VERIFICATION

log = structlog.get_logger(__name__)


class Mails:
    """Asks auth for a token when a mail is sent, so that neither events nor jobs ever hold one.

    A mail that was sent when the worker died before it could say so is sent again, with a new token, at most as often
    as a job is tried: each try is counted before it begins.
    """

    def __init__(self, auth: Channel, runner: asyncio.Runner, post: Post, public_url: str) -> None:
        """Take the way to auth with the loop that it lives on, the way to the mail server, and where links lead."""
        self._auth = auth
        self._accounts = auth.stub(rpc.AccountsStub)
        self._runner = runner
        self._post = post
        self._public_url = public_url

    @property
    def works(self) -> dict[str, Work]:
        """What is done about which kind of job."""
        return {VERIFICATION: self.verify}

    def verify(self, job: Job) -> None:
        """Send the mail by which somebody confirms their address, unless there is nothing left to confirm."""
        request = pb.IssueMailTokenRequest(account_id=job.arguments["account_id"], purpose=pb.MAIL_PURPOSE_VERIFY_EMAIL)
        try:
            issued = self._runner.run(self._auth.call(self._accounts.IssueMailToken, request, retries=2))
        except Failure as failure:
            if failure.code != NotFound.code:
                raise
            log.info("mail_unneeded", kind=job.kind, job_id=job.job_id)
            return
        mail = letters.verification(
            first_name=issued.first_name,
            token=issued.token,
            expires_at=issued.expire_time.ToDatetime(UTC),
            public_url=self._public_url,
        )
        self._post.send(mail, to=issued.email, message_id=job.job_id)
