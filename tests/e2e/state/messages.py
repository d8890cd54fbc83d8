"""What is done to messages, and by their readers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.e2e.state.scene import Scene, covers

THUMB = quote("👍")


def _soon(**distance: float) -> str:
    return (datetime.now(UTC) + timedelta(**distance)).isoformat()


# -- messages ----------------------------------------------------------------------------------------------------------


@covers("POST /conversations/{conversation_id}/messages/")
async def send(s: Scene) -> None:
    s.kept["mine"] = await s.say(f"hello @{s.ben.username}, see https://example.org/")
    s.kept["theirs"] = await s.say("good morning", by=s.ben, requires_acknowledgement=True)
    poll = {"options": ["tea", "coffee", "water"], "is_multiple": True}
    s.kept["poll"] = await s.say("What?", by=s.ben, message_type="poll", poll=poll)


@covers("POST /messages/")
async def send_by_address(s: Scene) -> None:
    body: dict[str, Any] = {"conversation_id": s.direct, "content": "just you", "requires_acknowledgement": True}
    s.kept["private"] = await s.ask("POST", "messages/", expect=201, **body)
    s.places = {s.direct}


@covers("message.send")
async def send_over_the_socket(s: Scene) -> None:
    s.kept["spoken"] = await s.command("message.send", conversation_id=s.group, content="@all over the socket")


@covers("POST /messages/{message_id}/reply/")
async def reply(s: Scene) -> None:
    path = f"messages/{s.kept['mine']['id']}/reply/"
    s.kept["reply"] = await s.ask("POST", path, by=s.ben, expect=201, content="an answer")


@covers("POST /messages/{message_id}/reply/")
async def reply_to_others(s: Scene) -> None:
    await s.ask("POST", f"messages/{s.kept['theirs']['id']}/reply/", expect=201, content="likewise")


@covers("POST /messages/{message_id}/reply/")
async def reply_to_what_not_all_see(s: Scene) -> None:
    await s.ask("POST", f"messages/{s.old['id']}/reply/", by=s.ben, expect=201, content="to the old one")


@covers("PATCH /messages/{message_id}/")
async def edit(s: Scene) -> None:
    await s.ask("PATCH", f"messages/{s.kept['mine']['id']}/", content=f"hello @{s.cyn.username}", priority="high")


@covers("PATCH /messages/{message_id}/")
async def edit_what_not_all_see(s: Scene) -> None:
    await s.ask("PATCH", f"messages/{s.old['id']}/", content="old, and edited", requires_acknowledgement=True)


@covers("message.edit")
async def edit_over_the_socket(s: Scene) -> None:
    await s.command("message.edit", message_id=s.kept["spoken"]["id"], content="and edited", is_important=True)


# -- marks -------------------------------------------------------------------------------------------------------------


@covers("PUT /messages/{message_id}/reactions/{emoji}/")
async def react(s: Scene) -> None:
    for person in (s.ann, s.ben):
        await s.ask("PUT", f"messages/{s.kept['mine']['id']}/reactions/{THUMB}/", by=person)
    await s.ask("PUT", f"messages/{s.old['id']}/reactions/{THUMB}/")


@covers("DELETE /messages/{message_id}/reactions/{emoji}/")
async def take_back(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.kept['mine']['id']}/reactions/{THUMB}/", expect=204)


@covers("reaction.add")
async def react_over_the_socket(s: Scene) -> None:
    await s.command("reaction.add", message_id=s.kept["theirs"]["id"], emoji="❤️")
    await s.command("reaction.add", message_id=s.kept["theirs"]["id"], emoji="🎉")


@covers("reaction.remove")
async def take_back_over_the_socket(s: Scene) -> None:
    await s.command("reaction.remove", message_id=s.kept["theirs"]["id"], emoji="❤️")


@covers("POST /messages/{message_id}/acknowledge/")
async def acknowledge(s: Scene) -> None:
    await s.ask("POST", f"messages/{s.kept['theirs']['id']}/acknowledge/")
    await s.ask("POST", f"messages/{s.kept['private']['id']}/acknowledge/", by=s.ben)
    s.places = {s.group, s.direct}


@covers("message.acknowledge")
async def acknowledge_over_the_socket(s: Scene) -> None:
    asking = await s.say("and this?", by=s.cyn, requires_acknowledgement=True)
    await s.command("message.acknowledge", message_id=asking["id"])


@covers("PUT /messages/{message_id}/vote/")
async def vote(s: Scene) -> None:
    await s.ask("PUT", f"messages/{s.kept['poll']['id']}/vote/", options=[0, 2])
    await s.ask("PUT", f"messages/{s.kept['poll']['id']}/vote/", by=s.ben, options=[2])


@covers("DELETE /messages/{message_id}/vote/")
async def vote_for_nothing(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.kept['poll']['id']}/vote/", expect=204)


@covers("POST /messages/{message_id}/close/")
async def close_a_poll(s: Scene) -> None:
    await s.ask("PUT", f"messages/{s.kept['poll']['id']}/vote/", options=[1])
    await s.ask("POST", f"messages/{s.kept['poll']['id']}/close/")


@covers("PUT /messages/{message_id}/pin/")
async def pin(s: Scene) -> None:
    for message in (s.kept["theirs"], s.old):
        await s.ask("PUT", f"messages/{message['id']}/pin/", expect=204)


@covers("DELETE /messages/{message_id}/pin/")
async def unpin(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.old['id']}/pin/", expect=204)


@covers("PUT /messages/{message_id}/bookmark/")
async def bookmark(s: Scene) -> None:
    for name in ("theirs", "mine"):
        await s.ask("PUT", f"messages/{s.kept[name]['id']}/bookmark/", expect=204)


@covers("DELETE /messages/{message_id}/bookmark/")
async def forget_a_bookmark(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.kept['mine']['id']}/bookmark/", expect=204)


@covers("POST /messages/{message_id}/report/")
async def report(s: Scene) -> None:
    await s.ask("POST", f"messages/{s.kept['theirs']['id']}/report/", expect=204, reason="spam")


@covers("PUT /messages/{message_id}/thread/subscription/")
async def follow(s: Scene) -> None:
    await s.ask("PUT", f"messages/{s.kept['mine']['id']}/thread/subscription/", by=s.cyn, expect=204)


@covers("DELETE /messages/{message_id}/thread/subscription/")
async def follow_no_more(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.kept['theirs']['id']}/thread/subscription/", expect=204)


@covers("POST /messages/{message_id}/thread/read/")
async def read_a_thread(s: Scene) -> None:
    await s.ask("POST", f"messages/{s.kept['mine']['id']}/thread/read/", seq=s.kept["reply"]["seq"])


@covers("POST /messages/{message_id}/forward/")
async def forward(s: Scene) -> None:
    body: dict[str, Any] = {"conversation_ids": [s.direct, s.group], "comment": "look"}
    await s.ask("POST", f"messages/{s.kept['theirs']['id']}/forward/", **body)
    s.places = {s.group, s.direct}


@covers("PUT /conversations/{conversation_id}/draft/")
async def draft(s: Scene) -> None:
    await s.ask("PUT", f"conversations/{s.group}/draft/", content="Dear", reply_to_id=s.kept["mine"]["id"])


@covers("DELETE /conversations/{conversation_id}/draft/")
async def forget_a_draft(s: Scene) -> None:
    await s.ask("DELETE", f"conversations/{s.group}/draft/", expect=204)


@covers("POST /messages/scheduled/")
async def schedule(s: Scene) -> None:
    body: dict[str, Any] = {"conversation_id": s.group, "content": "later", "send_at": _soon(hours=1)}
    s.kept["later"] = await s.ask("POST", "messages/scheduled/", expect=201, **body)


@covers("PATCH /messages/scheduled/{scheduled_id}/")
async def schedule_differently(s: Scene) -> None:
    await s.ask("PATCH", f"messages/scheduled/{s.kept['later']['id']}/", content="much later")
    body: dict[str, Any] = {"conversation_id": s.group, "content": "soon", "send_at": _soon(seconds=1.2)}
    await s.ask("POST", "messages/scheduled/", expect=201, **body)


@covers("DELETE /messages/scheduled/{scheduled_id}/")
async def cancel(s: Scene) -> None:
    await s.ask("DELETE", f"messages/scheduled/{s.kept['later']['id']}/", expect=204)


# -- positions and inboxes ---------------------------------------------------------------------------------------------


@covers("POST /conversations/{conversation_id}/delivered/")
async def receive(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.group}/delivered/", by=s.cyn, seq=(await s.say("there?"))["seq"])


@covers("receipt.delivered")
async def receive_over_the_socket(s: Scene) -> None:
    sent = await s.say("here", by=s.ben)
    await s.command("receipt.delivered", conversation_id=s.group, seq=sent["seq"])


@covers("PATCH /notifications/{notification_id}/")
async def read_a_notification(s: Scene) -> None:
    inbox = {found["kind"]: found["id"] for found in (await s.ask("GET", "notifications/"))["results"]}
    assert inbox.keys() >= {"acknowledgement", "mention", "message", "member_added"}
    s.kept["inbox"] = inbox
    await s.ask("PATCH", f"notifications/{inbox['mention']}/", is_read=True)


@covers("PATCH /notifications/{notification_id}/")
async def read_it_no_more(s: Scene) -> None:
    await s.ask("PATCH", f"notifications/{s.kept['inbox']['mention']}/", is_read=False)


@covers("POST /conversations/{conversation_id}/read/")
async def read_what_waits(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.box}/read/", seq=1)
    s.places = {s.box}


@covers("POST /conversations/{conversation_id}/read/")
async def read(s: Scene) -> None:
    for person in (s.ben, s.cyn):
        await s.ask("POST", f"conversations/{s.group}/read/", by=person, seq=s.kept["spoken"]["seq"])
    await s.ask("POST", f"conversations/{s.group}/read/", by=s.ben, seq=(await s.say("all?"))["seq"])


@covers("receipt.read")
async def read_over_the_socket(s: Scene) -> None:
    sent = await s.say("and you", by=s.cyn)
    await s.command("receipt.read", conversation_id=s.group, seq=sent["seq"])


@covers("DELETE /notifications/{notification_id}/")
async def delete_a_notification(s: Scene) -> None:
    await s.ask("DELETE", f"notifications/{s.kept['inbox']['member_added']}/", expect=204)


@covers("POST /notifications/mark_all_read/")
async def read_all_notifications(s: Scene) -> None:
    await s.ask("POST", "notifications/mark_all_read/")


@covers("DELETE /notifications/{notification_id}/")
async def delete_a_read_notification(s: Scene) -> None:
    await s.ask("DELETE", f"notifications/{s.kept['inbox']['mention']}/", expect=204)


@covers("POST /conversations/{conversation_id}/typing/")
async def type_(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.group}/typing/", expect=204, state="start")


@covers("typing.start", "typing.stop", "ping")
async def type_over_the_socket(s: Scene) -> None:
    for kind in ("typing.start", "typing.stop"):
        await s.command(kind, conversation_id=s.group)
    await s.command("ping")
