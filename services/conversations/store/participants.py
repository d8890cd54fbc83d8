"""Who takes part in a conversation, and as what."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from sqlalchemy import and_, func, select, text

from chassis.database import Transaction
from chassis.errors import NotFound
from chassis.paging import Cursor, Page
from services.conversations.model.conversations import Conversation
from services.conversations.model.errors import ConversationNotFound, ParticipantNotFound
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import NotificationLevel, Participant, Settings, Standing
from services.conversations.model.permissions import Role
from services.conversations.store import pages
from services.conversations.store.tables import conversations, listed
from services.conversations.store.tables import participants as table

# In the order of Participant's fields.
COLUMNS = (
    table.c.conversation_id,
    table.c.user_id,
    table.c.role,
    table.c.read_seq,
    table.c.delivered_seq,
    table.c.joined_at,
    table.c.left_at,
    table.c.muted_until,
    table.c.visible_after,
    table.c.nickname,
)
# In the order of Settings' fields.
SETTINGS = (table.c.snoozed_until, table.c.notification_level, table.c.is_pinned, table.c.is_archived)
_PRESENT = table.c.left_at.is_(None)
_NAMED = text(f"""
    select {listed("p", COLUMNS)} from participants p
    where conversation_id = :conversation_id and user_id = any(cast(:user_ids as uuid[]))
""")  # noqa: S608 - names of columns
# Who comes back keeps a mute, and sees nothing as unread that was said meanwhile.
_ADD = text("""
    insert into participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_at, visible_after)
    select :conversation_id, unnest(cast(:user_ids as uuid[])), unnest(cast(:roles as smallint[])), :seq, :seq, :at,
           :visible_after
    on conflict (conversation_id, user_id) do update
    set role = excluded.role, read_seq = excluded.read_seq, delivered_seq = excluded.delivered_seq,
        joined_at = excluded.joined_at, visible_after = excluded.visible_after, left_at = null, hidden_seq = -1,
        unannounced = 0
""")
# Keep the conditions equal to those of the batch in store/sends.py.
_STANDING = text("""
    select p.role, coalesce(a.is_active, true),
           c.kind = 1 and exists (select from blocks b where (b.user_id, b.blocked_user_id)
                                  in ((c.pair_low, c.pair_high), (c.pair_high, c.pair_low))),
           p.muted_until, c.posting_policy = 2, c.slow_mode_seconds, p.last_sent_at, p.visible_after
    from participants p
    join conversations c on c.id = p.conversation_id and c.deleted_at is null
    left join people a on a.user_id = p.user_id
    where p.conversation_id = :conversation_id and p.user_id = :user_id and p.left_at is null
""")


def of_row(row: Sequence[Any]) -> Participant:
    """Read COLUMNS."""
    conversation_id, user_id, role, *others = row
    return Participant(conversation_id, user_id, Role(role), *others)


def settings_of_row(row: Sequence[Any]) -> Settings:
    """Read SETTINGS."""
    snoozed_until, level, is_pinned, is_archived = row
    return Settings(snoozed_until, NotificationLevel(level), is_pinned, is_archived)


def member(
    tx: Transaction, conversation_id: ConversationId, user_id: UserId, *, missing: type[NotFound] = ConversationNotFound
) -> Participant:
    """One who takes part now. Raises: `missing`."""
    statement = select(*COLUMNS).where(table.c.conversation_id == conversation_id, table.c.user_id == user_id, _PRESENT)
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise missing()
    return of_row(row)


def other(tx: Transaction, conversation_id: ConversationId, user_id: UserId) -> Participant:
    """Somebody whom a member names. Raises: ParticipantNotFound."""
    return member(tx, conversation_id, user_id, missing=ParticipantNotFound)


def standing(
    tx: Transaction, conversation_id: ConversationId, user_id: UserId, *, missing: type[NotFound] = ConversationNotFound
) -> Standing:
    """What decides whether a member may write now. Raises: `missing`."""
    row = tx.execute(_STANDING, {"conversation_id": conversation_id, "user_id": user_id}).one_or_none()
    if row is None:
        raise missing()
    role, *others = row
    return Standing(Role(role), *others)


def named(tx: Transaction, conversation_id: ConversationId, user_ids: Sequence[UserId]) -> dict[UserId, Participant]:
    """Present and former participants among those named."""
    if not user_ids:
        return {}
    found = map(of_row, tx.execute(_NAMED, {"conversation_id": conversation_id, "user_ids": list(user_ids)}).all())
    return {participant.user_id: participant for participant in found}


def everybody(tx: Transaction, conversation_id: ConversationId) -> list[Participant]:
    """All who take part now, by the time they joined."""
    statement = select(*COLUMNS).where(table.c.conversation_id == conversation_id, _PRESENT)
    return [of_row(row) for row in tx.execute(statement.order_by(table.c.joined_at, table.c.user_id)).all()]


def page(tx: Transaction, conversation_id: ConversationId, *, cursor: Cursor | None, size: int) -> Page[Participant]:
    """A page of those who take part now, by the time they joined."""
    statement = select(*COLUMNS).where(table.c.conversation_id == conversation_id, _PRESENT)
    statement = pages.cut(statement, (table.c.joined_at, table.c.user_id), cursor=cursor, size=size)
    rows = [of_row(row) for row in tx.execute(statement).all()]
    return Page.cut(rows, size=size, cursor=cursor, key=lambda found: (found.joined_at, found.user_id))


def add(tx: Transaction, conversation: Conversation, roles: dict[UserId, Role]) -> None:
    """Have these people take part from the last message on, for the first time or again."""
    tx.execute(
        _ADD,
        {
            "conversation_id": conversation.conversation_id,
            "user_ids": list(roles),
            "roles": list(roles.values()),
            "seq": conversation.last_seq,
            "at": tx.now,
            "visible_after": conversation.visible_to_newcomers_after,
        },
    )


def save(tx: Transaction, participant: Participant) -> None:
    """Write what all see of a participant whose conversation is locked."""
    values = {"role": participant.role, "muted_until": participant.muted_until, "nickname": participant.nickname}
    tx.execute(_row(participant.conversation_id, participant.user_id).values(values))


def own(tx: Transaction, conversation_id: ConversationId, user_id: UserId) -> tuple[Participant, Settings]:
    """Lock a member's own row. Raises: ConversationNotFound."""
    alive = and_(conversations.c.id == table.c.conversation_id, conversations.c.deleted_at.is_(None))
    statement = (
        select(*COLUMNS, *SETTINGS)
        .join(conversations, alive)
        .where(table.c.conversation_id == conversation_id, table.c.user_id == user_id, _PRESENT)
        .with_for_update(of=table, key_share=True)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise ConversationNotFound()
    return of_row(row[: len(COLUMNS)]), settings_of_row(row[len(COLUMNS) :])


def save_settings(tx: Transaction, conversation_id: ConversationId, user_id: UserId, settings: Settings) -> None:
    """Write what a member has set for themselves."""
    values = dict(zip(SETTINGS, astuple(settings), strict=True))
    tx.execute(_row(conversation_id, user_id).values(values))


def end(tx: Transaction, participant: Participant) -> None:
    """Write that a participant whose conversation is locked left."""
    tx.execute(_row(participant.conversation_id, participant.user_id).values(left_at=participant.left_at))


def hide(tx: Transaction, conversation: Conversation, user_id: UserId) -> None:
    """Hide the conversation from one of its members until its next message."""
    tx.execute(_row(conversation.conversation_id, user_id).values(hidden_seq=conversation.last_seq))


def show(tx: Transaction, conversation_id: ConversationId, user_id: UserId) -> bool:
    """Undo `hide`, and tell whether there was something to undo."""
    shown = tx.execute(_row(conversation_id, user_id).where(table.c.hidden_seq >= 0).values(hidden_seq=-1))
    return bool(shown.rowcount)


def count_owners(tx: Transaction, conversation_id: ConversationId) -> int:
    """How many owners take part now."""
    statement = select(func.count()).where(
        table.c.conversation_id == conversation_id, table.c.role == Role.OWNER, _PRESENT
    )
    return int(tx.execute(statement).scalar_one())


def _row(conversation_id: ConversationId, user_id: UserId) -> Any:
    return table.update().where(table.c.conversation_id == conversation_id, table.c.user_id == user_id)
