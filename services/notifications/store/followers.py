"""Who follows which thread."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.notifications.model.ids import ConversationId, MessageId, UserId
from services.notifications.model.messages import Message

# Who answers follows the thread; who began it follows it unless they said otherwise.
_FOLLOW = text("""
    with replies as (
        select * from unnest(cast(:root_ids as uuid[]), cast(:conversation_ids as uuid[]), cast(:sender_ids as uuid[]),
                             cast(:author_ids as uuid[])) as rows(root_id, conversation_id, sender_id, author_id)),
    begun as (
        insert into followers (root_id, user_id, conversation_id, is_following)
        select distinct root_id, author_id, conversation_id, true from replies
        where author_id is not null and (root_id, author_id) not in (select root_id, sender_id from replies)
        on conflict do nothing)
    insert into followers (root_id, user_id, conversation_id, is_following)
    select distinct root_id, sender_id, conversation_id, true from replies
    on conflict (root_id, user_id) do update set is_following = true where not followers.is_following
""")
_SET = text("""
    insert into followers (root_id, user_id, conversation_id, is_following)
    values (:root_id, :user_id, :conversation_id, :is_following)
    on conflict (root_id, user_id) do update set is_following = excluded.is_following
""")


def follow(tx: Transaction, replies: Sequence[Message]) -> None:
    """Have those who wrote replies follow their threads, and those who began these."""
    tx.execute(
        _FOLLOW,
        {
            "root_ids": [reply.thread_root_id for reply in replies],
            "conversation_ids": [reply.conversation_id for reply in replies],
            "sender_ids": [reply.sender_id for reply in replies],
            "author_ids": [reply.thread_author_id for reply in replies],
        },
    )


def put(
    tx: Transaction, root_id: MessageId, user_id: UserId, conversation_id: ConversationId, *, is_following: bool
) -> None:
    """Store what somebody said about a thread."""
    parameters = {
        "root_id": root_id,
        "user_id": user_id,
        "conversation_id": conversation_id,
        "is_following": is_following,
    }
    tx.execute(_SET, parameters)


def forget(tx: Transaction, conversation_id: ConversationId) -> None:
    """Forget the threads of a conversation that is gone."""
    tx.execute(text("delete from followers where conversation_id = :id"), {"id": conversation_id})
