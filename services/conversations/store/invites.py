"""Codes by which people join, and for whom they open what."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text

from chassis.database import Transaction
from chassis.paging import Cursor, Page
from services.conversations.model.conversations import Conversation
from services.conversations.model.errors import InviteNotFound
from services.conversations.model.ids import ConversationId, InviteId, UserId
from services.conversations.model.invites import Invite
from services.conversations.model.permissions import WEAKEST, Action, Role
from services.conversations.store import conversations, pages
from services.conversations.store.tables import invites as table
from services.conversations.store.tables import listed

# In the order of Invite's fields.
_COLUMNS = (
    table.c.id,
    table.c.conversation_id,
    table.c.code,
    table.c.creator_id,
    table.c.role,
    table.c.max_uses,
    table.c.uses,
    table.c.created_at,
    table.c.expires_at,
)
# An invite is worth no more than who made it may give now, and nothing to who is banned.
_IS_OPEN = f"""
    i.code = :code and i.revoked_at is null and (i.expires_at is null or i.expires_at > now())
    and (i.max_uses is null or i.uses < i.max_uses)
    and exists (
        select from participants p where p.conversation_id = i.conversation_id and p.user_id = i.creator_id
        and p.left_at is null and p.role <= {WEAKEST[Action.INVITE].value} and p.role < i.role)
    and not exists (
        select from bans b where b.conversation_id = i.conversation_id and b.user_id = :user_id
        and (b.expires_at is null or b.expires_at > now()))
"""  # noqa: S608 - the number of a role
_PREVIEW = text(f"""
    select {listed("c", conversations.COLUMNS)} from invites i
    join conversations c on c.id = i.conversation_id and c.deleted_at is null where {_IS_OPEN}
""")  # noqa: S608 - names of columns
# Who is in already needs no open invite, only the code of one.
_LEADS_TO = text(f"""
    select i.conversation_id from invites i where i.code = :code and (
        exists (select from participants p where p.conversation_id = i.conversation_id and p.user_id = :user_id
                and p.left_at is null)
        or {_IS_OPEN})
""")  # noqa: S608 - a constant of this file
_USE = text(f"update invites i set uses = uses + 1 where {_IS_OPEN} returning i.role")  # noqa: S608 - the same


def add(tx: Transaction, invite: Invite) -> None:
    """Insert a new invite."""
    values = {
        "id": invite.invite_id,
        "conversation_id": invite.conversation_id,
        "code": invite.code,
        "creator_id": invite.creator_id,
        "role": invite.role,
        "max_uses": invite.max_uses,
        "created_at": invite.created_at,
        "expires_at": invite.expires_at,
    }
    tx.execute(table.insert().values(values))


def get(tx: Transaction, conversation_id: ConversationId, invite_id: InviteId) -> Invite:
    """One that was not revoked. Raises: InviteNotFound."""
    row = tx.execute(select(*_COLUMNS).where(*_named(conversation_id, invite_id))).one_or_none()
    if row is None:
        raise InviteNotFound()
    return _of_row(row)


def page(tx: Transaction, conversation_id: ConversationId, *, cursor: Cursor | None, size: int) -> Page[Invite]:
    """A page of those that were not revoked, the latest first."""
    statement = select(*_COLUMNS).where(table.c.conversation_id == conversation_id, table.c.revoked_at.is_(None))
    statement = pages.cut(statement, (table.c.created_at, table.c.id), cursor=cursor, size=size, is_falling=True)
    rows = [_of_row(row) for row in tx.execute(statement).all()]
    return Page.cut(rows, size=size, cursor=cursor, key=lambda invite: (invite.created_at, invite.invite_id))


def change(tx: Transaction, conversation_id: ConversationId, invite_id: InviteId, values: Mapping[str, Any]) -> Invite:
    """Change `expires_at` or `max_uses`; what changes meanwhile stays. Raises: InviteNotFound."""
    statement = table.update().where(*_named(conversation_id, invite_id)).values(values).returning(*_COLUMNS)
    row = tx.execute(statement).one_or_none()
    if row is None:
        raise InviteNotFound()
    return _of_row(row)


def revoke(tx: Transaction, conversation_id: ConversationId, invite_id: InviteId) -> None:
    """End one for good. Raises: InviteNotFound."""
    change(tx, conversation_id, invite_id, {"revoked_at": tx.now})


def preview(tx: Transaction, code: str, *, user_id: UserId) -> Conversation:
    """The conversation that a code opens to somebody at this moment. Raises: InviteNotFound."""
    row = tx.execute(_PREVIEW, {"code": code, "user_id": user_id}).one_or_none()
    if row is None:
        raise InviteNotFound()
    return conversations.of_row(row)


def leads_to(tx: Transaction, code: str, *, user_id: UserId) -> ConversationId:
    """The conversation that a code opens to somebody, or that they are in already. Raises: InviteNotFound."""
    found: ConversationId | None = tx.execute(_LEADS_TO, {"code": code, "user_id": user_id}).scalar_one_or_none()
    if found is None:
        raise InviteNotFound()
    return found


def use(tx: Transaction, code: str, *, user_id: UserId) -> Role:
    """Count one use, and tell as what it lets in. Raises: InviteNotFound."""
    role: int | None = tx.execute(_USE, {"code": code, "user_id": user_id}).scalar_one_or_none()
    if role is None:
        raise InviteNotFound()
    return Role(role)


def _named(conversation_id: ConversationId, invite_id: InviteId) -> tuple[Any, ...]:
    return table.c.id == invite_id, table.c.conversation_id == conversation_id, table.c.revoked_at.is_(None)


def _of_row(row: Sequence[Any]) -> Invite:
    invite_id, conversation_id, code, creator_id, role, *others = row
    return Invite(invite_id, conversation_id, code, creator_id, Role(role), *others)
