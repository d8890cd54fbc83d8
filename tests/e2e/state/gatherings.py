"""What is done to conversations and those who are in them, and what is taken away in the end."""

from typing import Any

from tests.e2e.state.scene import Scene, covers


@covers("POST /conversations/")
async def begin_a_group(s: Scene) -> None:
    s.kept["extra"] = await s.ann.group(s.ben, s.cyn, title="Extra")
    await s.say("welcome", place=s.kept["extra"])
    s.places = {s.kept["extra"]}


@covers("PATCH /conversations/{conversation_id}/")
async def change_a_group(s: Scene) -> None:
    await s.ask("PATCH", f"conversations/{s.group}/", title="Another title", slow_mode_seconds=0, description="Why")


@covers("PATCH /conversations/{conversation_id}/membership/")
async def choose(s: Scene) -> None:
    chosen: dict[str, Any] = {"notification_level": "mentions", "pinned": True, "muted_until": "2100-01-01T00:00:00Z"}
    await s.ask("PATCH", f"conversations/{s.group}/membership/", **chosen)


@covers("PATCH /conversations/{conversation_id}/membership/")
async def choose_anew(s: Scene) -> None:
    path = f"conversations/{s.group}/membership/"
    await s.ann.ask("PATCH", path, json={"notification_level": "all", "muted_until": None, "nickname": "Countess"})


@covers("POST /conversations/{conversation_id}/participants/")
async def add_people(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.group}/participants/", expect=201, user_ids=[s.dan.user_id])
    await s.say("hello Dan")
    await s.ask("POST", f"conversations/{s.group}/read/", by=s.dan, seq=(await s.say("I am here", by=s.dan))["seq"])


@covers("PATCH /conversations/{conversation_id}/participants/{user_id}/")
async def change_a_participant(s: Scene) -> None:
    path = f"conversations/{s.group}/participants/{s.ben.user_id}/"
    await s.ask("PATCH", path, role="moderator")
    await s.ask("PATCH", path, muted_until="2100-01-01T00:00:00Z")
    await s.ann.ask("PATCH", path, json={"muted_until": None, "role": "admin"})


@covers("DELETE /conversations/{conversation_id}/participants/{user_id}/")
async def remove_a_participant(s: Scene) -> None:
    for person in (s.dan, s.cyn):
        await s.ask("DELETE", f"conversations/{s.group}/participants/{person.user_id}/", expect=204)
    await s.say("without them")


@covers("POST /conversations/{conversation_id}/participants/")
async def bring_back(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.group}/participants/", expect=201, user_ids=[s.cyn.user_id])
    await s.say("with them", by=s.cyn)


@covers("PUT /conversations/{conversation_id}/bans/{user_id}/")
async def ban(s: Scene) -> None:
    await s.ask("PUT", f"conversations/{s.kept['extra']}/bans/{s.cyn.user_id}/", expires_at=None)
    s.places = {s.kept["extra"]}


@covers("DELETE /conversations/{conversation_id}/bans/{user_id}/")
async def unban(s: Scene) -> None:
    await s.ask("DELETE", f"conversations/{s.kept['extra']}/bans/{s.cyn.user_id}/", expect=204)
    s.places = {s.kept["extra"]}


@covers("POST /conversations/{conversation_id}/invites/")
async def invite(s: Scene) -> None:
    s.kept["invite"] = await s.ask("POST", f"conversations/{s.kept['extra']}/invites/", expect=201, role="member")
    s.places = {s.kept["extra"]}


@covers("PATCH /conversations/{conversation_id}/invites/{invite_id}/")
async def change_an_invite(s: Scene) -> None:
    await s.ask("PATCH", f"conversations/{s.kept['extra']}/invites/{s.kept['invite']['id']}/", max_uses=5)
    s.places = {s.kept["extra"]}


@covers("POST /invites/{invite_code}/accept/")
async def accept(s: Scene) -> None:
    await s.ask("POST", f"invites/{s.kept['invite']['code']}/accept/", by=s.cyn)
    s.places = {s.kept["extra"]}


@covers("DELETE /conversations/{conversation_id}/invites/{invite_id}/")
async def revoke_an_invite(s: Scene) -> None:
    path = f"conversations/{s.kept['extra']}/invites/{s.kept['invite']['id']}/"
    await s.ask("DELETE", path, expect=204)
    s.places = {s.kept["extra"]}


@covers("POST /conversations/{conversation_id}/join/")
async def join(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.club}/join/")
    await s.say("in", place=s.club)
    s.places = {s.club}


@covers("POST /conversations/{conversation_id}/leave/")
async def leave(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.club}/leave/", expect=204)
    await s.say("gone", place=s.club, by=s.ben)
    s.places = {s.club}


@covers("POST /conversations/{conversation_id}/transfer/")
async def transfer(s: Scene) -> None:
    await s.ask("POST", f"conversations/{s.kept['extra']}/transfer/", user_id=s.ben.user_id)
    s.places = {s.kept["extra"]}


# -- taking away -------------------------------------------------------------------------------------------------------


@covers("DELETE /messages/{message_id}/")
async def hide(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.kept['theirs']['id']}/?scope=me", expect=204)
    last = await s.say(f"@{s.ann.username}", by=s.ben)
    await s.ask("DELETE", f"messages/{last['id']}/?scope=me", expect=204)
    # What happens to it from now on is nothing to Ann, though her sockets hear of it.
    await s.ask(
        "PATCH",
        f"messages/{last['id']}/",
        by=s.ben,
        content=f"@{s.ann.username} @all for others only",
        requires_acknowledgement=True,
    )
    await s.ask("PUT", f"messages/{last['id']}/pin/", by=s.ben, expect=204)
    assert "for others only" not in str(await s.ask("GET", "notifications/"))


@covers("message.delete")
async def hide_over_the_socket(s: Scene) -> None:
    sent = await s.say("going", by=s.ben)
    await s.command("message.delete", message_id=sent["id"], scope="me")
    await s.ask("DELETE", f"messages/{sent['id']}/", by=s.ben, expect=204)


@covers("DELETE /messages/{message_id}/")
async def delete(s: Scene) -> None:
    await s.ask("DELETE", f"messages/{s.kept['mine']['id']}/", expect=204)
    await s.ask("DELETE", f"messages/{s.kept['reply']['id']}/", by=s.ben, expect=204)


@covers("message.delete")
async def delete_over_the_socket(s: Scene) -> None:
    sent = await s.say(f"@{s.ben.username} @{s.cyn.username} forget it")
    await s.ask("PUT", f"messages/{sent['id']}/bookmark/", expect=204)
    await s.command("message.delete", message_id=sent["id"])
    await s.command("message.delete", message_id=s.kept["poll"]["id"])


@covers("DELETE /conversations/{conversation_id}/")
async def hide_a_direct_conversation(s: Scene) -> None:
    await s.ask("DELETE", f"conversations/{s.direct}/", expect=204)
    s.places = {s.direct}


@covers("POST /conversations/")
async def ask_for_it_again(s: Scene) -> None:
    assert await s.ann.direct(s.ben) == s.direct
    s.places = {s.direct}


@covers("DELETE /conversations/{conversation_id}/")
async def hide_it_until_the_next_message(s: Scene) -> None:
    await s.ask("DELETE", f"conversations/{s.direct}/", expect=204)
    await s.say("back again", place=s.direct, by=s.ben)
    s.places = {s.direct}


@covers("DELETE /conversations/{conversation_id}/")
async def end_a_group(s: Scene) -> None:
    await s.ask("DELETE", f"conversations/{s.kept['extra']}/", by=s.ben, expect=204)
    s.places = {s.kept["extra"]}
