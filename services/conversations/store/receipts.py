"""Positions of members: they move forward by one update of the member's own row, without the conversation's lock.

A move is announced at once when the last announcement is a second old; otherwise the row stays marked until it is, so
the last position of a burst is announced, too, whatever happens to the process in between.
"""

from sqlalchemy import and_, func, select, text

from chassis.database import Transaction
from services.conversations.model.errors import ConversationNotFound
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import Participant
from services.conversations.model.positions import Position, PositionKind
from services.conversations.store.participants import COLUMNS, of_row
from services.conversations.store.tables import conversations, listed, people
from services.conversations.store.tables import participants as table

_IS_DUE = table.c.announced_at <= func.now() - text("interval '1 second'")
_IS_SHARED = people.c.is_receipt_shared.is_not(False)
_SAVE = text("""
    update participants
    set read_seq = greatest(read_seq, :read_seq), delivered_seq = greatest(delivered_seq, :delivered_seq),
        unannounced = :unannounced, announced_at = case when :is_announced then now() else announced_at end
    where conversation_id = :conversation_id and user_id = :user_id
""")
_TAKE_DUE = text(f"""
    with due as (
        select conversation_id, user_id, unannounced from participants
        where unannounced > 0 and announced_at <= now() - interval '1 second'
        limit :count for no key update skip locked)
    update participants p set unannounced = 0, announced_at = now()
    from due left join people a on a.user_id = due.user_id
    where (p.conversation_id, p.user_id) = (due.conversation_id, due.user_id)
    returning due.unannounced, a.is_receipt_shared is not false, {listed("p", COLUMNS)}
""")  # noqa: S608 - names of columns

_SHOWN = text(f"""
    select a.is_receipt_shared is not false, {listed("p", COLUMNS)}
    from participants p left join people a on a.user_id = p.user_id
    where p.conversation_id = :conversation_id and p.left_at is null order by p.joined_at, p.user_id
""")  # noqa: S608 - names of columns


def lock(tx: Transaction, conversation_id: ConversationId, user_id: UserId) -> Position:
    """Lock a member's row. Raises: ConversationNotFound."""
    alive = and_(conversations.c.id == table.c.conversation_id, conversations.c.deleted_at.is_(None))
    statement = (
        select(conversations.c.last_seq, table.c.unannounced, _IS_DUE, _IS_SHARED, *COLUMNS)
        .join(conversations, alive)
        .join(people, people.c.user_id == table.c.user_id, isouter=True)
        .where(table.c.conversation_id == conversation_id, table.c.user_id == user_id, table.c.left_at.is_(None))
        .with_for_update(of=table, key_share=True)
    )
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise ConversationNotFound()
    last_seq, unannounced, is_due, is_shared, *participant = row
    return Position(of_row(participant), last_seq, PositionKind(unannounced), is_due, is_shared)


def save(tx: Transaction, moved: Participant, *, unannounced: int) -> None:
    """Move a locked row forward; nothing unannounced means that it is announced now."""
    parameters = {
        "conversation_id": moved.conversation_id,
        "user_id": moved.user_id,
        "read_seq": moved.read_seq,
        "delivered_seq": moved.delivered_seq,
        "unannounced": unannounced,
        "is_announced": unannounced == 0,
    }
    tx.execute(_SAVE, parameters)


def take_due(tx: Transaction, *, count: int) -> list[tuple[PositionKind, bool, Participant]]:
    """Mark waiting moves as announced and return them, with whether the member shows what they read.

    Those that others have locked wait for the next time.
    """
    found = tx.execute(_TAKE_DUE, {"count": count})
    return [(PositionKind(kinds), is_shared, of_row(row)) for kinds, is_shared, *row in found]


def shown(tx: Transaction, conversation_id: ConversationId, *, member_id: UserId) -> list[Participant]:
    """All who take part now, by the time they joined, as a member sees them."""
    rows = tx.execute(_SHOWN, {"conversation_id": conversation_id}).all()
    found = [(is_shared, of_row(row)) for is_shared, *row in rows]
    return [
        participant if is_shared or participant.user_id == member_id else participant.without_read()
        for is_shared, participant in found
    ]


def is_typing_shared(tx: Transaction, user_id: UserId) -> bool:
    """Tell whether others may learn that somebody types."""
    statement = select(people.c.is_typing_shared).where(people.c.user_id == user_id)
    return tx.execute(statement).scalar_one_or_none() is not False
