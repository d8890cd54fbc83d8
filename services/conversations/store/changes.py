"""The change log."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.conversations.model.changes import BEGINNINGS, ChangeKind, Entry, settled
from services.conversations.model.conversations import Conversation
from services.conversations.model.ids import ConversationId, UserId

_APPEND = text("""
    insert into conversation_changes (conversation_id, rev, kind, actor_id, target_id, created_at)
    select :conversation_id, :before + n, :kind, :actor_id, target_id, :at
    from unnest(cast(:target_ids as uuid[])) with ordinality as targets(target_id, n)
""")
_AFTER = text("""
    select rev, kind, actor_id, target_id, created_at from conversation_changes
    where conversation_id = :conversation_id and rev > :after and rev <= :until order by rev
""")
_SENT_AFTER = text("""
    select m.seq from conversation_changes c join messages m on m.id = c.target_id
    where c.conversation_id = :conversation_id and c.rev > :after and c.kind = :sent order by c.rev limit 1
""")
_COMPACTED = text("""
    select rev, kind, actor_id, target_id, created_at, is_new from (
        select distinct on (target_id) rev, kind, actor_id, target_id, created_at,
               bool_or(kind = any(:beginnings)) over (partition by target_id) as is_new
        from conversation_changes where conversation_id = :conversation_id and rev > :after and rev <= :until
        order by target_id, rev desc
    ) as last order by rev limit :count
""")


def append(
    tx: Transaction,
    conversation: Conversation,
    kind: ChangeKind,
    *,
    actor_id: UserId,
    target_ids: Sequence[str],
    first_rev: int | None = None,
) -> None:
    """Log a change of each target; the last has the conversation's present revision, unless the first's is given."""
    tx.execute(
        _APPEND,
        {
            "conversation_id": conversation.conversation_id,
            "before": conversation.rev - len(target_ids) if first_rev is None else first_rev - 1,
            "kind": kind,
            "actor_id": actor_id,
            "target_ids": list(target_ids),
            "at": tx.now,
        },
    )


def after(tx: Transaction, conversation: Conversation, after_rev: int) -> list[Entry]:
    """What was logged after a revision, up to the conversation's own as it was read."""
    rows = tx.execute(_AFTER, _between(conversation, after_rev)).all()
    return [Entry(rev, ChangeKind(kind), *others) for rev, kind, *others in rows]


def first_sent_after(tx: Transaction, conversation_id: ConversationId, after_rev: int) -> int | None:
    """The number of the first message that was sent after a revision."""
    parameters = {"conversation_id": conversation_id, "after": after_rev, "sent": ChangeKind.MESSAGE_SENT}
    found: int | None = tx.execute(_SENT_AFTER, parameters).scalar_one_or_none()
    return found


def compacted(tx: Transaction, conversation: Conversation, after_rev: int, *, count: int) -> list[Entry]:
    """The last change of each target after a revision, at most so many, as one that did not see the others needs it."""
    parameters = {**_between(conversation, after_rev), "beginnings": sorted(BEGINNINGS), "count": count}
    return [
        Entry(rev, settled(ChangeKind(kind), is_new=is_new), *others)
        for rev, kind, *others, is_new in tx.execute(_COMPACTED, parameters).all()
    ]


def _between(conversation: Conversation, after_rev: int) -> dict[str, object]:
    return {"conversation_id": conversation.conversation_id, "after": after_rev, "until": conversation.rev}
