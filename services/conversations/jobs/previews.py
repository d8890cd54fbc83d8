"""The previews of links that jobs are about."""

import asyncio
from collections.abc import Mapping

import structlog

from chassis.database import Database
from chassis.database.jobs import Job
from chassis.fetch import get
from chassis.jobs import Work
from chassis.outbound import Outbound, OutboundRefused
from services.conversations.domain import previews
from services.conversations.jobs import pages
from services.conversations.model.ids import MessageId
from services.conversations.model.messages import Preview
from services.conversations.model.previews import LINK_PREVIEWS

log = structlog.get_logger(__name__)

_TRANSACTION_SECONDS = 5.0
_FETCH_SECONDS = 5.0
_MOST_BYTES = 1024 * 1024


class Previews:
    """Looks at the pages behind a message's links, all at once; one that does not answer well has no preview.

    Doing it again changes nothing: a job only adds what the message lacks at the end.
    """

    def __init__(self, database: Database, runner: asyncio.Runner, outbound: Outbound) -> None:
        """Take the loop on which pages are fetched, and the way there."""
        self._database = database
        self._runner = runner
        self._outbound = outbound

    @property
    def works(self) -> Mapping[str, Work]:
        """What is done about which kind of job."""
        return {LINK_PREVIEWS: self.look}

    def look(self, job: Job) -> None:
        """Fetch what the message links to now, and add what was found."""
        message_id = MessageId(job.arguments["message_id"])
        with self._database.transaction(_TRANSACTION_SECONDS) as tx:
            wanted = previews.wanted(tx, message_id)
        found = self._runner.run(self._fetch_all(wanted))
        if found:
            with self._database.transaction(_TRANSACTION_SECONDS) as tx:
                previews.attach(tx, message_id, found)

    async def _fetch_all(self, urls: tuple[str, ...]) -> dict[str, Preview]:
        fetched = await asyncio.gather(*map(self._fetch, urls))
        return {preview.url: preview for preview in fetched if preview is not None}

    async def _fetch(self, url: str) -> Preview | None:
        try:
            page = await get(self._outbound, url, media_type="text/html", limit=_MOST_BYTES, seconds=_FETCH_SECONDS)
        except (OutboundRefused, OSError) as error:
            # Not the address: it is part of what somebody wrote.
            log.info("no_preview", error=type(error).__name__)
            return None
        return pages.read(page, url)
