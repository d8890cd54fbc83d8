"""Messages as one member sees them: with own marks and, of own messages, how far they have come."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import text

from chassis.database import Prepared, Reading, Transaction, arrays
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.viewers import DeliveryStatus, Reach, Viewed, ViewerState

# For lists of messages `m`: null without any mark. Most messages cost one look for a bookmark.
MARKS = """
    case when m.reactions is null and m.poll is null and not m.requires_acknowledgement
              and not exists (select from bookmarks b where b.user_id = :member_id and b.message_id = m.id)
    then null else jsonb_build_array(
        array(select r.emoji from reactions r where r.message_id = m.id and r.user_id = :member_id
              order by r.created_at, r.emoji),
        exists (select from bookmarks b where b.user_id = :member_id and b.message_id = m.id),
        exists (select from acknowledgements a where a.message_id = m.id and a.user_id = :member_id),
        array(select v.option from votes v where v.message_id = m.id and v.user_id = :member_id order by v.option)) end
"""
# How far the others of a conversation have got: as text, which is the same for all messages of a page.
_REACH = """
    case when m.sender_id = :member_id then (
        select cast(json_build_array(
            min(o.visible_after), min(o.delivered_seq),
            min(o.visible_after) filter (where a.is_receipt_shared is not false),
            min(o.read_seq) filter (where a.is_receipt_shared is not false)) as text)
        from participants o left join people a on a.user_id = o.user_id
        where o.conversation_id = {conversation_id} and o.user_id <> :member_id and o.left_at is null) end
"""
# For single messages `m` of several conversations, and of one's own only.
REACH = _REACH.format(conversation_id="m.conversation_id")
# For any number of messages `m` of one conversation: it does not depend on them, so it is read once.
REACH_OF_ONE = _REACH.format(conversation_id=":conversation_id")
_MARKED = text(f"""
    select m.id, {MARKS} from messages m
    where m.id = any(cast(:message_ids as uuid[]))
""")  # noqa: S608 - the constant above
_REACHES = Prepared("""
    select p.conversation_id, min(p.visible_after), min(p.delivered_seq),
           min(p.visible_after) filter (where a.is_receipt_shared is not false),
           min(p.read_seq) filter (where a.is_receipt_shared is not false)
    from participants p left join people a on a.user_id = p.user_id
    where p.conversation_id = any(cast(:conversation_ids as uuid[])) and p.user_id <> :member_id and p.left_at is null
    group by p.conversation_id
""")
_NOBODY = Reach(None, None, None, None)
_UNMARKED = {status: ViewerState(status) for status in DeliveryStatus}


def viewed(tx: Transaction, messages: Sequence[Message], *, member_id: UserId) -> list[Viewed]:
    """Messages that are at hand as a member sees them; whether they may is for the caller to say."""
    if not messages:
        return []
    parameters = {"message_ids": [message.message_id for message in messages], "member_id": member_id}
    marks = dict(map(tuple, tx.execute(_MARKED, parameters)))
    return settled(tx, ((message, marks.get(message.message_id)) for message in messages), member_id=member_id)


def settled(tx: Reading, found: Iterable[tuple[Message, Any]], *, member_id: UserId) -> list[Viewed]:
    """Messages with their MARKS as a member sees them; the others' positions are read if one is the member's own."""
    shown = [Viewed(message, state(marks) if marks is not None else None) for message, marks in found]
    own = [place for place, each in enumerate(shown) if each.message.sender_id == member_id]
    if own:
        reaches = _reaches(tx, {shown[place].message.conversation_id for place in own}, member_id)
        for place in own:
            shown[place] = _reaching(shown[place], reaches.get(shown[place].message.conversation_id, _NOBODY))
    return shown


def single(message: Message, marks: Sequence[Any] | None, reach: str | None) -> Viewed:
    """A message with its MARKS and its REACH or REACH_OF_ONE."""
    viewed = Viewed(message, state(marks) if marks is not None else None)
    return viewed if reach is None else _reaching(viewed, _reach(reach))


@lru_cache(maxsize=64)
def _reach(told: str) -> Reach:
    return Reach(*orjson.loads(told))


def _reaching(viewed: Viewed, reach: Reach) -> Viewed:
    status, marked = reach.status_of(viewed.message.seq), viewed.state
    return Viewed(viewed.message, _UNMARKED[status] if marked is None else replace(marked, status=status))


def state(marks: Sequence[Any]) -> ViewerState:
    """Read MARKS."""
    reactions, is_bookmarked, has_acknowledged, votes = marks
    return ViewerState(None, tuple(reactions), is_bookmarked, has_acknowledged, tuple(votes))


def _reaches(tx: Reading, conversation_ids: Iterable[ConversationId], member_id: UserId) -> dict[str, Reach]:
    parameters = {"conversation_ids": arrays.plain(conversation_ids), "member_id": member_id}
    return {conversation_id: Reach(*least) for conversation_id, *least in tx.rows(_REACHES, parameters)}
