"""Somebody is bothered, and the platform's moderators do something about it."""

import asyncio

from deploy.local.stack import Stack
from tests.support.people import Person


async def test_a_report_is_read_and_decided_by_the_moderators(platform: Stack, admin: Person) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    direct = await a.direct(b)
    message = await a.say(direct, "Buy my watches, now!")
    async with a.socket() as of_a:
        for _ in range(2):
            body = {"reason": "spam", "comment": "Again"}
            await b.ask("POST", f"messages/{message['id']}/report/", expect=204, json=body)
        # The author covers the tracks, and hears nothing of the report.
        await a.ask("PATCH", f"messages/{message['id']}/", json={"content": "What a nice day"})
        await a.ask("DELETE", f"messages/{message['id']}/", expect=204)
        await of_a.until("message.deleted")
        assert "report" not in str([frame["type"] for frame in of_a.frames])

    await admin.log_in()
    queued = (await admin.ask("GET", "admin/reports/?state=open&page_size=200"))["results"]
    [report] = [each for each in queued if each["message_id"] == message["id"]]
    assert (report["sender_id"], report["reporter_id"], report["content"]) == (a.user_id, b.user_id, None)
    path = f"admin/reports/{report['id']}/"
    assert (await admin.ask("GET", path))["content"] == "Buy my watches, now!"
    decided = await admin.ask("PATCH", path, json={"state": "resolved", "resolution": "Warned the author"})
    assert (decided["state"], decided["resolver_id"]) == ("resolved", admin.user_id)
    assert (await admin.ask("PATCH", path, expect=409, json={"state": "dismissed"}))["code"] == "report_decided"
    await asyncio.gather(a.close(), b.close())


async def test_the_queue_is_closed_to_everybody_else(platform: Stack, admin: Person) -> None:
    a, b = await Person.join(platform.gateway_url), await Person.join(platform.gateway_url)
    group = await a.group(b)
    message = await b.say(group, "Something")
    await a.ask("POST", f"messages/{message['id']}/report/", expect=204, json={"reason": "other"})
    await admin.log_in()
    queued = (await admin.ask("GET", "admin/reports/?page_size=200"))["results"]
    [report] = [each for each in queued if each["message_id"] == message["id"]]

    for person in (a, b):
        for method, path, body in (
            ("GET", "admin/reports/", None),
            ("GET", f"admin/reports/{report['id']}/", None),
            ("PATCH", f"admin/reports/{report['id']}/", {"state": "dismissed"}),
        ):
            options = {} if body is None else {"json": body}
            refused = await person.ask(method, path, expect=403, **options)
            assert refused["code"] == "platform_role_insufficient"

    # A moderator's role counts from the next login.
    await admin.ask("PUT", f"admin/users/{b.user_id}/roles/", json={"roles": ["moderator"]})
    await b.log_in()
    assert (await b.ask("GET", f"admin/reports/{report['id']}/"))["content"] == "Something"
    await asyncio.gather(a.close(), b.close())
