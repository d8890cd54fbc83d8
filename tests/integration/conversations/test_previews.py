"""Previews of links, from the message to its change: a real web server on the loopback, which is trusted here."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Sequence

import pytest

from chassis.jobs import JobWorker, Workshop, celery_app
from chassis.outbound import Outbound
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import messages_pb2 as pb
from messaging.conversations.v1.events_pb2 import MessageUpdated
from services.conversations.jobs.previews import Previews
from services.conversations.model.previews import LINK_PREVIEWS
from tests.integration.conversations.conftest import Service, running
from tests.support.factories.messages import item
from tests.support.webserver import WebServer

PAGE = "<title>Engine room</title><meta name=description content='About engines.'>"


async def here(name: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


TRUSTING = Outbound(resolve=here, trusted=[ipaddress.ip_network("127.0.0.0/8")])


@pytest.fixture
async def web() -> AsyncIterator[WebServer]:
    async with WebServer().run() as server:
        server.lay("/", PAGE)
        yield server


def url(web: WebServer, path: str = "/", host: str = "pages.example") -> str:
    return f"http://{host}:{web.port}{path}"


async def jobs(service: Service, message_id: str) -> list[tuple[str, str]]:
    """Id and state of each job about a message, in order."""
    statement = """
        select cast(id as text), state from jobs where kind = :kind and arguments like '%' || :id || '%' order by id
    """
    found = await service.rows(statement, kind=LINK_PREVIEWS, id=message_id)
    return [(job_id, state) for job_id, state in found]


async def look(service: Service, stack: Stack, message_id: str, *, outbound: Outbound = TRUSTING) -> None:
    """Do what a worker's child does about a message's jobs."""

    def work(job_ids: Sequence[str]) -> None:
        with asyncio.Runner() as runner:
            previews = Previews(service.database, runner, outbound)
            shop = Workshop(service.database, previews.works, lambda: None)
            app = celery_app("conversations", stack.environment("conversations")["CELERY_BROKER_URL"])
            worker = JobWorker(app, [LINK_PREVIEWS], lambda: shop)
            for job_id in job_ids:
                worker.do(job_id)
            app.close()

    waiting = [job_id for job_id, state in await jobs(service, message_id) if state == "waiting"]
    assert waiting
    await asyncio.to_thread(work, waiting)
    service.database.on_job = None


async def shown(service: Service, message_id: str, *, by: str) -> pb.Message:
    answer = await service.ask(service.messages.GetMessage, pb.GetMessageRequest(message_id=message_id), by=by)
    message: pb.Message = answer.message
    return message


async def test_a_link_gets_a_preview_as_a_shared_change_of_its_own(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    link = url(web)
    sent = await service.say(pair[0], group, f"See {link}, please.")
    assert not sent.previews
    await look(service, infra, sent.message_id)
    [preview] = (found := await shown(service, sent.message_id, by=pair[1])).previews
    assert (preview.url, preview.title, preview.description) == (link, "Engine room", "About engines.")
    assert preview.site_name == "pages.example"
    assert (found.rev, found.seq, found.content) == (sent.rev + 1, sent.seq, sent.content)
    assert not found.HasField("edit_time")
    assert (await service.get(group, by=pair[0])).rev == found.rev
    [told] = await service.emitted(group, "message_updated")
    assert (told.aggregate_rev, told.actor_id) == (found.rev, pair[0])
    assert MessageUpdated.FromString(told.payload).message == found
    assert (await service.changes(group, sent.rev)).changes[0].message == found


async def test_looking_again_changes_nothing(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    sent = await service.say(pair[0], group, url(web))
    await look(service, infra, sent.message_id)
    # Its worker had died before it could say that the job was done.
    await service.rows(
        "update jobs set state = 'waiting', next_try = now() where arguments like '%' || :id || '%'", id=sent.message_id
    )
    await look(service, infra, sent.message_id)
    assert len(web.asked) == 2
    assert len(await service.emitted(group, "message_updated")) == 1


async def test_pages_that_do_not_answer_well_have_no_preview_and_keep_no_other_from_it(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    web.lay("/picture", "x", "Content-Type: image/png")
    sent = await service.say(
        pair[0], group, f"{url(web, '/none')} {url(web, '/picture')} {url(web)} {url(web, '/fourth')}"
    )
    await look(service, infra, sent.message_id)
    assert [preview.url for preview in (await shown(service, sent.message_id, by=pair[0])).previews] == [url(web)]
    assert {asked.path for asked in web.asked} == {"/none", "/picture", "/"}
    [(_, state)] = await jobs(service, sent.message_id)
    assert state == "done"


async def test_what_is_inside_is_never_asked(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    content = f"{url(web, host='127.0.0.1')} {url(web, host='localhost')} {url(web)}"
    sent = await service.say(pair[0], group, content)
    await look(service, infra, sent.message_id, outbound=Outbound(resolve=here))
    assert web.asked == []
    assert await service.emitted(group, "message_updated") == []


async def test_a_message_edited_meanwhile_gets_no_stale_preview(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    web.lay("/new", "<title>New</title>")
    sent = await service.say(pair[0], group, url(web))

    async def slow_page() -> AsyncIterator[bytes]:
        # The message changes while its page is being fetched.
        await service.edit(sent.message_id, url(web, "/new"), by=pair[0])
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Old</title>"

    web.pages["/"] = slow_page
    await look(service, infra, sent.message_id)
    assert not (await shown(service, sent.message_id, by=pair[0])).previews
    await look(service, infra, sent.message_id)
    assert [preview.title for preview in (await shown(service, sent.message_id, by=pair[0])).previews] == ["New"]


async def test_an_edit_keeps_the_previews_of_the_links_that_stay(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    web.lay("/2", "<title>Second</title>")
    sent = await service.say(pair[0], group, f"{url(web)} {url(web, '/2')}")
    await look(service, infra, sent.message_id)
    edited = await service.edit(sent.message_id, f"only {url(web, '/2')} now", by=pair[0])
    assert [preview.title for preview in edited.previews] == ["Second"]
    assert not (await service.edit(sent.message_id, "none at all", by=pair[0])).previews
    assert [state for _, state in await jobs(service, sent.message_id)] == ["done", "waiting"]


async def test_a_message_deleted_meanwhile_gets_none(
    infra: Stack, service: Service, pair: tuple[str, str], group: str, web: WebServer
) -> None:
    sent = await service.say(pair[0], group, url(web))

    async def slow_page() -> AsyncIterator[bytes]:
        await service.delete(sent.message_id, by=pair[0])
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Old</title>"

    web.pages["/"] = slow_page
    await look(service, infra, sent.message_id)
    assert not (await shown(service, sent.message_id, by=pair[0])).previews
    assert await service.emitted(group, "message_updated") == []

    before = await service.say(pair[0], group, url(web, "/before"))
    await service.delete(before.message_id, by=pair[0])
    await look(service, infra, before.message_id)
    assert "/before" not in {asked.path for asked in web.asked}


async def test_only_links_are_worth_a_job_and_a_batch_of_them_one_statement(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    plain = await service.say(pair[0], group, "a:// b")
    assert await jobs(service, plain.message_id) == []

    async def cost(content: str) -> int:
        items = [item(pair[0], group, content) for _ in range(20)]
        _, meter = await service.bill(service.messages.SendMessages, pb.SendMessagesRequest(items=items))
        return meter.queries

    assert await cost("http://a.example") == await cost("nothing") + 1


async def test_an_operator_may_switch_previews_off(
    infra: Stack, service: Service, pair: tuple[str, str], group: str
) -> None:
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "link_previews": False}
    async with running(infra, **settings) as silent:
        sent = await silent.say(pair[0], group, "http://a.example")
        await silent.edit(sent.message_id, "http://b.example", by=pair[0])
        assert await jobs(silent, sent.message_id) == []
