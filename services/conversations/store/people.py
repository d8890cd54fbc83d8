"""The projection of people: whom auth and users have told us about."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from chassis.database import Transaction
from services.conversations.model.ids import UserId
from services.conversations.model.people import Audience

_UNKNOWN = text("""
    select id from unnest(cast(:user_ids as uuid[])) as named(id)
    where not exists (select from people where user_id = id)
""")
# What an event has told counts more than what was asked a moment ago; but some events do not tell the username.
_MEET = text("""
    insert into people (user_id, is_active, username)
    select user_id, true, username
    from unnest(cast(:user_ids as uuid[]), cast(:usernames as text[])) as met(user_id, username)
    on conflict (user_id) do update set username = excluded.username
    where people.username = '' and excluded.username <> ''
""")
_SET_ACTIVE = text("""
    insert into people (user_id, is_active) values (:user_id, :is_active)
    on conflict (user_id) do update set is_active = excluded.is_active
""")
_SET_PRIVACY = text("""
    insert into people (user_id, is_active, is_receipt_shared, is_typing_shared, who_can_message)
    values (:user_id, true, :is_receipt_shared, :is_typing_shared, :who_can_message)
    on conflict (user_id) do update set is_receipt_shared = excluded.is_receipt_shared,
        is_typing_shared = excluded.is_typing_shared, who_can_message = excluded.who_can_message
""")
_UNAVAILABLE = text("""
    select exists (select from unnest(cast(:user_ids as uuid[])) as named(id) left join people on user_id = id
    where is_active is not true
       or id <> :actor_id and (
          exists (select from blocks where user_id = id and blocked_user_id = :actor_id)
          or who_can_message = :nobody
          or who_can_message = :contacts
             and not exists (select from contacts where user_id = id and contact_id = :actor_id)))
""").bindparams(nobody=Audience.NOBODY.value, contacts=Audience.CONTACTS.value)
_IS_BLOCKED = text("""
    select exists (select from blocks where (user_id, blocked_user_id) in ((:one, :other), (:other, :one)))
""")
_BLOCK = text("insert into blocks (user_id, blocked_user_id) values (:user_id, :blocked_id) on conflict do nothing")
_UNBLOCK = text("delete from blocks where user_id = :user_id and blocked_user_id = :blocked_id")
_ADD_CONTACT = text("insert into contacts (user_id, contact_id) values (:user_id, :contact_id) on conflict do nothing")
_REMOVE_CONTACT = text("delete from contacts where user_id = :user_id and contact_id = :contact_id")


def unknown(tx: Transaction, *, user_ids: Sequence[UserId]) -> list[UserId]:
    """Those of whom no event has told yet."""
    return list(tx.execute(_UNKNOWN, {"user_ids": list(user_ids)}).scalars())


def meet(tx: Transaction, usernames: Mapping[UserId, str]) -> None:
    """Take in people of whom auth told or the users service was asked, by their ids."""
    if usernames:
        met = sorted(usernames.items())
        tx.execute(_MEET, {"user_ids": [user_id for user_id, _ in met], "usernames": [name for _, name in met]})


def set_active(tx: Transaction, user_id: UserId, *, is_active: bool) -> None:
    """Take in that an account exists, and whether it is suspended."""
    tx.execute(_SET_ACTIVE, {"user_id": user_id, "is_active": is_active})


def set_privacy(
    tx: Transaction, user_id: UserId, *, is_receipt_shared: bool, is_typing_shared: bool, who_can_message: Audience
) -> None:
    """Take in what others may learn of somebody and do."""
    values = {"is_receipt_shared": is_receipt_shared, "is_typing_shared": is_typing_shared}
    tx.execute(_SET_PRIVACY, {"user_id": user_id, "who_can_message": who_can_message.value, **values})


def are_available(tx: Transaction, user_ids: Sequence[UserId], *, to: UserId) -> bool:
    """Tell whether all are known, not suspended, and let the one who wants them: no block, and their privacy allows it.

    Nobody needs their own permission.
    """
    return not tx.execute(_UNAVAILABLE, {"user_ids": list(user_ids), "actor_id": to}).scalar_one()


def is_either_blocked(tx: Transaction, one: UserId, other: UserId) -> bool:
    """Tell whether one of the two has blocked the other."""
    return bool(tx.execute(_IS_BLOCKED, {"one": one, "other": other}).scalar_one())


def block(tx: Transaction, user_id: UserId, blocked_id: UserId) -> None:
    """Take in a block."""
    tx.execute(_BLOCK, {"user_id": user_id, "blocked_id": blocked_id})


def unblock(tx: Transaction, user_id: UserId, blocked_id: UserId) -> None:
    """Take in the end of a block."""
    tx.execute(_UNBLOCK, {"user_id": user_id, "blocked_id": blocked_id})


def add_contact(tx: Transaction, user_id: UserId, contact_id: UserId) -> None:
    """Take in that somebody has another in their contacts."""
    tx.execute(_ADD_CONTACT, {"user_id": user_id, "contact_id": contact_id})


def remove_contact(tx: Transaction, user_id: UserId, contact_id: UserId) -> None:
    """Take in that they have not any more."""
    tx.execute(_REMOVE_CONTACT, {"user_id": user_id, "contact_id": contact_id})
