"""A client that keeps its user's state by events, as docs/api/realtime.md asks of one."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

from tests.support.people import Person
from tests.support.states import NUMBERS, State, fetch_own, fetch_place


class Client:
    """One device: what it fetched once, and what it has heard since."""

    def __init__(self, person: Person, state: State) -> None:
        self.person = person
        self.me = person.user_id
        self.places: dict[str, State] = state["conversations"]
        self.notifications: dict[str, State] = state["notifications"]
        self.scheduled: dict[str, State] = state["scheduled"]
        self.epoch = ""
        self.modes: dict[str, str] = {}
        # Whether a frame is missing, and whether what comes is what was missed.
        self.is_behind = False
        self.is_resuming = False
        self._hidden: set[str] = set()

    def copy(self) -> "Client":
        """Another device that knows the same."""
        names = {"conversations": self.places, "notifications": self.notifications, "scheduled": self.scheduled}
        return Client(self.person, deepcopy(names))

    @property
    def revs(self) -> dict[str, int]:
        """What a resume has to say."""
        return {place: held["conversation"]["rev"] for place, held in self.places.items()}

    def shown(self, places: Collection[str] | None = None) -> State:
        """The same as `fetch`, with what is derived."""
        held = {place: held for place, held in self.places.items() if places is None or place in places}
        return {
            "conversations": {place: self._shown(held) for place, held in held.items()},
            "notifications": self.notifications,
            "unread_notifications": sum(not found["is_read"] for found in self.notifications.values()),
            "scheduled": self.scheduled,
        }

    def _shown(self, held: State) -> State:
        conversation, own = held["conversation"], held["receipts"][self.me]
        messages = {name: {**message, "status": self._status(held, message)}
                    for name, message in held["messages"].items()}  # fmt: skip
        last = [message for message in messages.values() if message["seq"] == conversation["last_seq"]]
        return {
            **held,
            "conversation": {
                **conversation,
                "participant_count": len(held["participants"]),
                "unread_count": conversation["last_seq"] - own["read_seq"],
                "my_membership": {**conversation["my_membership"], **own},
                "last_message": last[0] if last else None,
            },
            "messages": messages,
            "threads": {root: self._thread(held, root, thread) for root, thread in held["threads"].items()},
            "pins": sorted(message["id"] for message in messages.values() if message["is_pinned"]),
        }

    def _status(self, held: State, message: State) -> str | None:
        if message["sender_id"] != self.me:
            return None
        seq, others = message["seq"], [user for user in held["participants"] if user != self.me]
        for status, position in (("read", "read_seq"), ("delivered", "delivered_seq")):
            counted = [user for user in others if held["receipts"][user]["read_seq"] is not None or status != "read"]
            sees = any(held["participants"][user]["visible_after_seq"] < seq for user in counted)
            if sees and all(held["receipts"][user][position] >= seq for user in counted):
                return status
        return "sent"

    @staticmethod
    def _thread(held: State, root: str, thread: State) -> State:
        if not thread["is_subscribed"]:
            return {"is_subscribed": False}
        replies = [message for message in held["messages"].values() if message["thread_root_id"] == root]
        return {**thread, "unread_count": sum(reply["seq"] > thread["read_seq"] for reply in replies)}

    # -- frames --------------------------------------------------------------------------------------------------------

    async def hear(self, frame: Any) -> None:
        """Take a frame in."""
        kind, payload = frame["type"], frame["payload"]
        if kind == "resumed":
            await self._resumed(payload["conversations"])
        elif kind == "digest":
            self.is_behind |= any(rev > self.revs.get(place, rev) for place, rev in payload.items())
        elif "rev" in frame:
            await self._numbered(kind, frame["conversation_id"], frame["rev"], payload)
        elif kind == "conversation.hidden" and not payload["is_hidden"]:
            await self._begin(payload["id"])
        elif (handle := getattr(self, f"_{kind.replace('.', '_')}", None)) is not None:
            # Of what was missed, or is not known to this client, nothing is to be done.
            with suppress(KeyError):
                handle(payload)

    async def _numbered(self, kind: str, place: str, rev: int, payload: Any) -> None:
        held = self.places.get(place)
        if kind == "conversation.created" or (kind == "participant.added" and payload["user_id"] == self.me):
            await self._begin(place)
        elif held is None:
            # A direct conversation that was out of the way is back with its next message.
            if kind == "message.created":
                await self._begin(place)
        elif rev > (known := held["conversation"]["rev"]):
            if rev > known + 1 and not self.is_resuming:
                self.is_behind = True
                return
            held["conversation"]["rev"] = rev
            if kind == "conversation.deleted" or (kind == "participant.removed" and payload["user_id"] == self.me):
                del self.places[place]
            elif (handle := getattr(self, f"_{kind.replace('.', '_')}", None)) is not None:
                handle(held, rev, payload)

    def _message_created(self, held: State, _rev: int, sent: State) -> None:
        conversation, messages, positions = held["conversation"], held["messages"], held["receipts"]
        conversation["last_seq"] = max(conversation["last_seq"], sent["seq"])
        conversation["updated_at"] = max(conversation["updated_at"], sent["created_at"])
        if (sender := positions.get(sent["sender_id"])) is not None:
            positions[sent["sender_id"]] = {name: _later(sender[name], sent["seq"]) for name in NUMBERS}
        if sent["id"] in self._hidden:
            return
        root = messages.get(sent["thread_root_id"])
        if root is not None and sent["id"] not in messages:
            self._replied(held, root, sent)
        messages[sent["id"]] = _own(sent, messages.get(sent["id"]))

    def _replied(self, held: State, root: State, reply: State) -> None:
        thread = held["threads"].setdefault(root["id"], {"is_subscribed": False})
        if reply["sender_id"] == self.me:
            thread |= {"is_subscribed": True, "read_seq": max(reply["seq"], thread.get("read_seq", 0))}
        elif root["sender_id"] == self.me and not root["reply_count"]:
            thread |= {"is_subscribed": True, "read_seq": root["seq"]}
        root["reply_count"] += 1

    def _message_updated(self, held: State, _rev: int, message: State) -> None:
        if (before := held["messages"].get(message["id"])) is not None:
            held["messages"][message["id"]] = _own(message, before)

    _message_deleted = _message_updated

    def _reaction_changed(self, held: State, rev: int, change: State) -> None:
        if (message := held["messages"].get(change["message_id"])) is not None:
            before = message["reactions"].pop(change["emoji"], {"me": False})
            if change["count"]:
                is_mine = change["added"] if change["user_id"] == self.me else before["me"]
                message["reactions"][change["emoji"]] = {"count": change["count"], "me": is_mine}
            message["rev"] = rev

    def _pin_changed(self, held: State, rev: int, change: State) -> None:
        if (message := held["messages"].get(change["message_id"])) is not None:
            message |= {"is_pinned": change["is_pinned"], "rev": rev}

    def _conversation_updated(self, held: State, rev: int, conversation: State) -> None:
        known = held["conversation"]
        last_seq = max(known["last_seq"], conversation["last_seq"])
        held["conversation"] = {**known, **conversation, "rev": rev, "last_seq": last_seq}

    def _participant_added(self, held: State, _rev: int, one: State) -> None:
        held["participants"][one["user_id"]] = one
        held["receipts"][one["user_id"]] = dict.fromkeys(NUMBERS, held["conversation"]["last_seq"])

    def _participant_updated(self, held: State, _rev: int, one: State) -> None:
        if one["user_id"] in held["participants"]:
            held["participants"][one["user_id"]] = one
        if one["user_id"] == self.me:
            held["conversation"]["my_membership"] |= {name: one[name] for name in ("role", "nickname")}

    def _participant_removed(self, held: State, _rev: int, one: State) -> None:
        held["participants"].pop(one["user_id"], None)
        held["receipts"].pop(one["user_id"], None)

    # -- without number ------------------------------------------------------------------------------------------------

    def _receipt_changed(self, moved: State) -> None:
        known = self.places[moved["conversation_id"]]["receipts"]
        before = known[moved["user_id"]]
        known[moved["user_id"]] = {name: moved[name] and _later(before[name] or 0, moved[name]) for name in NUMBERS}

    def _membership_changed(self, settings: State) -> None:
        chosen = {name: value for name, value in settings.items() if name != "conversation_id"}
        self.places[settings["conversation_id"]]["conversation"]["my_membership"] |= chosen

    def _conversation_hidden(self, hidden: State) -> None:
        del self.places[hidden["id"]]

    def _draft_changed(self, change: State) -> None:
        self.places[change["conversation_id"]]["draft"] = change["draft"]

    def _message_hidden(self, gone: State) -> None:
        self._hidden.add(gone["id"])
        held = self.places[gone["conversation_id"]]
        held["threads"].pop(gone["id"], None)
        del held["messages"][gone["id"]]

    def _message_acknowledged(self, given: State) -> None:
        self.places[given["conversation_id"]]["messages"][given["id"]]["has_acknowledged"] = True

    def _bookmark_changed(self, change: State) -> None:
        for held in self.places.values():
            if (message := held["messages"].get(change["message_id"])) is not None:
                message["is_bookmarked"] = change["is_bookmarked"]

    def _thread_changed(self, thread: State) -> None:
        standing = {name: thread[name] for name in ("is_subscribed", "read_seq")}
        held = self.places[thread["conversation_id"]]
        if held["messages"][thread["root_id"]]["reply_count"]:
            held["threads"][thread["root_id"]] = standing

    def _scheduled_changed(self, message: State) -> None:
        self.scheduled[message["id"]] = message
        if message["state"] == "cancelled":
            del self.scheduled[message["id"]]

    def _vote_changed(self, vote: State) -> None:
        self.places[vote["conversation_id"]]["messages"][vote["id"]]["poll"]["my_votes"] = vote["my_votes"]

    def _notification_created(self, notification: State) -> None:
        self.notifications[notification["id"]] = notification

    def _notification_updated(self, read: State) -> None:
        for found in self.notifications.values():
            is_meant = found["kind"] != "acknowledgement" if read["id"] is None else found["id"] == read["id"]
            if is_meant and not found["is_read"]:
                found |= {name: read[name] for name in ("is_read", "read_at")}

    def _notification_deleted(self, gone: State) -> None:
        self.notifications.pop(gone["id"], None)

    # -- coming back ---------------------------------------------------------------------------------------------------

    async def _begin(self, place: str) -> None:
        found = await fetch_place(self.person, place)
        if found is None:
            self.places.pop(place, None)
        else:
            self.places[place] = found

    async def _resumed(self, conversations: Mapping[str, Any]) -> None:
        self.modes = {place: shown["mode"] for place, shown in conversations.items()}
        self.is_resuming = self.is_behind = False
        for place, shown in conversations.items():
            if shown["mode"] in {"new", "reset"}:
                await self._begin(place)
            elif shown["mode"] == "gone":
                self.places.pop(place, None)
            elif (held := self.places.get(place)) is not None:
                held["conversation"]["rev"] = max(held["conversation"]["rev"], shown["rev"])
                await self._refresh(place, held)
        await self.fetch_own()

    async def fetch_own(self) -> None:
        """Fetch what is not part of any conversation."""
        own = await fetch_own(self.person)
        self.notifications, self.scheduled = own["notifications"], own["scheduled"]

    async def _refresh(self, place: str, held: State) -> None:
        """Fetch what a resume does not tell: what is one's own, and what derives from it."""
        found = await fetch_place(self.person, place)
        if found is None:
            del self.places[place]
            return
        held |= {name: found[name] for name in ("receipts", "threads", "draft")}
        held["conversation"]["my_membership"] = found["conversation"]["my_membership"]
        seen = held["messages"].keys() & found["messages"].keys()
        held["messages"] = {
            name: _own({**held["messages"][name], "reply_count": found["messages"][name]["reply_count"]},
                       found["messages"][name])
            for name in seen
        }  # fmt: skip


def _own(shared: State, before: State | None) -> State:
    """A message that all see alike, with what is known of it for oneself."""
    before = before or {"is_bookmarked": False, "has_acknowledged": False, "reactions": {}, "poll": None}
    message = {**shared, **{name: before[name] for name in ("is_bookmarked", "has_acknowledged")}, "status": None}
    message["reactions"] = {
        emoji: {"count": found["count"], "me": before["reactions"].get(emoji, {}).get("me", False)}
        for emoji, found in shared["reactions"].items()
    }
    if shared["poll"] is not None:
        message["poll"] = {**shared["poll"], "my_votes": (before["poll"] or {}).get("my_votes", [])}
    return message


def _later(known: int | None, seq: int) -> int | None:
    return None if known is None else max(known, seq)
