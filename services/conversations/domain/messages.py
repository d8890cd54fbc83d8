"""Reading, editing and deleting messages; sending is in domain/sends.py."""

from dataclasses import replace

from chassis.database import Transaction
from chassis.errors import EtagMismatch
from chassis.paging import Cursor, Page
from services.conversations.domain import previews
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import MessageNotFound
from services.conversations.model.events import MessageDeleted, MessageEdited
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Message, Priority, Selection, check_content
from services.conversations.store import changes, conversations, messages, participants


def list_messages(
    tx: Transaction,
    *,
    conversation_id: ConversationId | None,
    selection: Selection,
    member_id: UserId,
    cursor: Cursor | None,
    size: int,
) -> Page[Message]:
    """A page of one conversation, or of all that the member is in. Raises: ConversationNotFound."""
    if conversation_id is None:
        return messages.page_of_all(tx, selection, member_id=member_id, cursor=cursor, size=size)
    if selection.around_seq is not None and cursor is None:
        seq = selection.around_seq
        page = messages.around(tx, conversation_id, selection, seq=seq, member_id=member_id, size=size)
    else:
        page = messages.page(tx, conversation_id, selection, member_id=member_id, cursor=cursor, size=size)
    if not page.rows:
        # Nothing there, or nothing for this reader: only then is another query worth it.
        conversations.get(tx, conversation_id, member_id=member_id)
    return page


def edit(
    tx: Transaction,
    *,
    message_id: MessageId,
    editor_id: UserId,
    content: str | None,
    priority: Priority | None,
    is_important: bool | None,
    requires_acknowledgement: bool | None,
    etag: str,
    limits: Limits,
) -> Message:
    """Replace what is given of a message; a text that is replaced stays in its history.

    Raises: MessageTooLong, MessageContentInvalid, MessageNotFound, NotTheAuthor, MessageDeleted, EditWindowClosed,
    EtagMismatch, and what keeps a member from writing. Emits: MessageEdited.
    """
    if content is not None:
        check_content(content, limits.message_characters)
    conversation_id = messages.get(tx, message_id, member_id=editor_id).conversation_id
    conversation = conversations.lock(tx, conversation_id, member_id=editor_id, missing=MessageNotFound)
    standing = participants.standing(tx, conversation_id, editor_id, missing=MessageNotFound)
    message = messages.get(tx, message_id, member_id=editor_id)
    message.require_editable_by(editor_id, standing.role, at=tx.now, window=limits.edit_window)
    standing.require_may_write(tx.now)
    if etag and etag != str(message.rev):
        raise EtagMismatch()
    wanted = replace(
        message,
        content=message.content if content is None else content,
        priority=message.priority if priority is None else priority,
        is_important=message.is_important if is_important is None else is_important,
        requires_acknowledgement=(
            message.requires_acknowledgement if requires_acknowledgement is None else requires_acknowledgement
        ),
    )
    if wanted == message:
        return message
    changed = conversation.changed()
    is_rewritten = wanted.content != message.content
    edited = replace(wanted, rev=changed.rev, edited_at=tx.now if is_rewritten else message.edited_at)
    if is_rewritten:
        edited = previews.kept(edited)
        previews.promise(tx, edited, limits)
    messages.save_edit(tx, edited, is_rewritten=is_rewritten)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MESSAGE_EDITED, actor_id=editor_id, target_ids=[message_id])
    tx.emit(MessageEdited(edited))
    return edited


def delete(tx: Transaction, *, message_id: MessageId, actor_id: UserId, limits: Limits) -> Message:
    """Delete a message for everyone; a stub with its number stays, and all its texts are gone.

    Raises: MessageNotFound, NotTheAuthor, DeleteWindowClosed. Emits: MessageDeleted, unless it was deleted before.
    """
    conversation_id = messages.get(tx, message_id, member_id=actor_id).conversation_id
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id, missing=MessageNotFound)
    actor = participants.member(tx, conversation_id, actor_id, missing=MessageNotFound)
    message = messages.get(tx, message_id, member_id=actor_id)
    message.require_deletable_by(actor_id, actor.role, at=tx.now, window=limits.delete_window)
    if message.deleted_at is not None:
        return message
    changed = conversation.changed()
    stub = message.deleted(at=tx.now, rev=changed.rev)
    messages.save_deletion(tx, stub)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MESSAGE_DELETED, actor_id=actor_id, target_ids=[message_id])
    tx.emit(MessageDeleted(stub))
    return stub
