"""Threads: their replies in order, and where their readers stand."""

from typing import Any

from sqlalchemy import text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.ids import MessageId, UserId
from services.conversations.model.messages import Message
from services.conversations.model.threads import Standing
from services.conversations.model.viewers import Viewed
from services.conversations.store import viewers
from services.conversations.store.messages import NOT_HIDDEN, VIEWED, VISIBLE, found, size_of

_MEMBER = "p.conversation_id = m.conversation_id and p.user_id = :member_id and p.left_at is null"
_PAGE = f"""
    select {VIEWED} from messages m join participants p on {_MEMBER}
    where m.thread_root_id = :root_id and {VISIBLE} and m.seq {{comparison}} :edge
    order by m.seq {{direction}} limit :count
"""  # noqa: S608 - constants
_RISING = text(_PAGE.format(comparison=">", direction="asc"))
_FALLING = text(_PAGE.format(comparison="<", direction="desc"))
# Who has never read in a thread has seen its replies as far as they have read the conversation.
_STANDING = text(f"""
    select r.reply_count, here.read_seq,
           (select count(*) from messages m where m.thread_root_id = r.id
                and m.seq > greatest(here.read_seq, here.visible_after) and {NOT_HIDDEN}),
           here.is_subscribed
    from messages r cross join lateral (
        select coalesce(t.read_seq, p.read_seq) as read_seq, p.visible_after,
               coalesce(t.is_subscribed, false) as is_subscribed
        from participants p left join threads t on t.root_id = r.id and t.user_id = p.user_id
        where p.conversation_id = r.conversation_id and p.user_id = :member_id) as here
    where r.id = :root_id
""")  # noqa: S608 - constants
_SUBSCRIBE = text("""
    insert into threads (root_id, user_id, read_seq, is_subscribed)
    select r.id, p.user_id, p.read_seq, :is_subscribed from messages r
    join participants p on p.conversation_id = r.conversation_id and p.user_id = :member_id where r.id = :root_id
    on conflict (root_id, user_id) do update set is_subscribed = excluded.is_subscribed
    where threads.is_subscribed <> excluded.is_subscribed returning read_seq
""")
_READ = text("""
    insert into threads (root_id, user_id, read_seq, is_subscribed)
    select r.id, p.user_id, greatest(p.read_seq, :seq), false from messages r
    join participants p on p.conversation_id = r.conversation_id and p.user_id = :member_id where r.id = :root_id
    on conflict (root_id, user_id) do update set read_seq = :seq
    where threads.read_seq < :seq returning is_subscribed
""")


def page(tx: Transaction, root_id: MessageId, *, member_id: UserId, cursor: Cursor | None, size: int) -> Page[Viewed]:
    """A page of the replies that a member sees, the oldest first."""
    edge = 0 if cursor is None else cursor.key[0]
    statement = _FALLING if cursor is not None and cursor.is_backward else _RISING
    parameters = {"root_id": root_id, "member_id": member_id, "edge": edge, "count": size + 1}
    rows = [found(row) for row in tx.execute(statement, parameters)]
    cut = Page.cut(rows, size=size, cursor=cursor, key=_seq, weigh=_size)
    return Page(viewers.settled(tx, cut.rows, member_id=member_id), next=cut.next, previous=cut.previous)


def standing(tx: Transaction, root_id: MessageId, *, member_id: UserId) -> Standing:
    """Where a member stands to a thread of a conversation that they are in."""
    return Standing(*tx.execute(_STANDING, {"root_id": root_id, "member_id": member_id}).one())


def subscribe(tx: Transaction, root_id: MessageId, *, member_id: UserId, is_subscribed: bool) -> int | None:
    """Write whether a member follows a thread: answers how far they have read in it, or none where it was so before."""
    parameters = {"root_id": root_id, "member_id": member_id, "is_subscribed": is_subscribed}
    read_seq: int | None = tx.execute(_SUBSCRIBE, parameters).scalar_one_or_none()
    return read_seq


def read(tx: Transaction, root_id: MessageId, seq: int, *, member_id: UserId) -> bool | None:
    """Move a member on in a thread: answers whether they follow it, or none where they had got so far before."""
    parameters = {"root_id": root_id, "member_id": member_id, "seq": seq}
    is_subscribed: bool | None = tx.execute(_READ, parameters).scalar_one_or_none()
    return is_subscribed


def _seq(row: tuple[Message, Any]) -> tuple[int]:
    return (row[0].seq,)


def _size(row: tuple[Message, Any]) -> int:
    return size_of(row[0])
