"""Reading, editing and deleting messages; sending is in domain/sends.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.database import Reading, Transaction
from chassis.errors import EtagMismatch, Failure
from chassis.paging import Cursor, Page
from services.conversations.domain import previews
from services.conversations.model.changes import ChangeKind
from services.conversations.model.errors import MessageNotFound, NotTheAuthor
from services.conversations.model.events import MessageDeleted, MessageEdited, MessageHidden
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.mentions import mentions_in
from services.conversations.model.messages import Message, Priority, Selection, Version, check_content
from services.conversations.model.viewers import Viewed
from services.conversations.store import (
    changes,
    conversations,
    message_pages,
    messages,
    participants,
    sends,
    versions,
    viewers,
)


def list_messages(
    tx: Reading,
    *,
    conversation_id: ConversationId | None,
    selection: Selection,
    member_id: UserId,
    cursor: Cursor | None,
    size: int,
) -> Page[Viewed]:
    """A page of one conversation, or of all that the member is in. Raises: ConversationNotFound."""
    if conversation_id is None:
        return message_pages.page_of_all(tx, selection, member_id=member_id, cursor=cursor, size=size)
    if selection.around_seq is not None and cursor is None:
        seq = selection.around_seq
        page = message_pages.around(tx, conversation_id, selection, seq=seq, member_id=member_id, size=size)
    else:
        page = message_pages.page(tx, conversation_id, selection, member_id=member_id, cursor=cursor, size=size)
    if not page.rows:
        # Nothing there, or nothing for this reader: only then is another query worth it.
        conversations.get(tx, conversation_id, member_id=member_id)
    return page


def list_each(tx: Reading, *, asked: Sequence[Mapping[str, Any]]) -> list[Page[Viewed] | Failure]:
    """What `list_messages` answers to each of several people; a failure is that one's alone."""
    return [_page_or_failure(tx, each) for each in asked]


def _page_or_failure(tx: Reading, asked: Mapping[str, Any]) -> Page[Viewed] | Failure:
    try:
        return list_messages(tx, **asked)
    except Failure as failure:
        return failure


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
) -> Viewed:
    """Replace what is given of a message; a text that is replaced stays in its history.

    Words that were forwarded are somebody else's. Raises: MessageTooLong, MessageContentInvalid, TooManyMentions,
    MessageNotFound, NotTheAuthor, MessageDeleted, EditWindowClosed, EtagMismatch, and what keeps a member from writing.
    Emits: MessageEdited.
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
    wanted = message._replace(
        content=message.content if content is None else content,
        priority=message.priority if priority is None else priority,
        is_important=message.is_important if is_important is None else is_important,
        requires_acknowledgement=(
            message.requires_acknowledgement if requires_acknowledgement is None else requires_acknowledgement
        ),
    )
    if wanted == message:
        return _viewed(tx, message, editor_id)
    changed = conversation.changed()
    is_rewritten = wanted.content != message.content
    edited = wanted._replace(rev=changed.rev, edited_at=tx.now if is_rewritten else message.edited_at)
    if is_rewritten:
        if message.forwarded_from is not None:
            raise NotTheAuthor()
        edited = _addressed(tx, previews.kept(edited))
        previews.promise(tx, edited, limits)
    messages.save_edit(tx, edited, is_rewritten=is_rewritten)
    if edited.requires_acknowledgement != message.requires_acknowledgement:
        _await_acknowledgements(tx, edited, limits)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MESSAGE_EDITED, actor_id=editor_id, target_ids=[message_id])
    tx.emit(MessageEdited(edited, message, _hidden_from(tx, message, edited)))
    return _viewed(tx, edited, editor_id)


def _addressed(tx: Transaction, message: Message) -> Message:
    """The message with the members whom its text mentions."""
    mentions = mentions_in(message.content)
    names = {(message.conversation_id, username) for username in mentions.usernames}
    named = sends.mentioned(tx, names) if names else {}
    found = tuple(named[name] for name in sorted(names) if name in named)
    return message._replace(mentions=found, mentions_all=mentions.is_everybody)


def _hidden_from(tx: Transaction, before: Message, edited: Message) -> tuple[UserId, ...]:
    """Those who must not hear of it, where an edit calls people or asks for something."""
    is_calling = edited.mentions_all > before.mentions_all or bool(set(edited.mentions) - set(before.mentions))
    is_asking = edited.requires_acknowledgement > before.requires_acknowledgement
    return messages.hidden_from(tx, before) if is_calling or is_asking else ()


def _await_acknowledgements(tx: Transaction, message: Message, limits: Limits) -> None:
    if message.requires_acknowledgement:
        sends.remind(tx, [message.message_id], at=tx.now + limits.acknowledgement_repeat)
    else:
        sends.forget_reminder(tx, message.message_id)


def _viewed(tx: Transaction, message: Message, member_id: UserId) -> Viewed:
    [viewed] = viewers.viewed(tx, [message], member_id=member_id)
    return viewed


def delete(tx: Transaction, *, message_id: MessageId, actor_id: UserId, limits: Limits) -> Viewed:
    """Delete a message for everyone; a stub with its number stays, and all its texts are gone.

    Raises: MessageNotFound, NotTheAuthor, DeleteWindowClosed. Emits: MessageDeleted, unless it was deleted before.
    """
    conversation_id = messages.get(tx, message_id, member_id=actor_id).conversation_id
    conversation = conversations.lock(tx, conversation_id, member_id=actor_id, missing=MessageNotFound)
    actor = participants.member(tx, conversation_id, actor_id, missing=MessageNotFound)
    message = messages.get(tx, message_id, member_id=actor_id)
    message.require_deletable_by(actor_id, actor.role, at=tx.now, window=limits.delete_window)
    if message.deleted_at is not None:
        return _viewed(tx, message, actor_id)
    changed = conversation.changed()
    stub = message.deleted(at=tx.now, rev=changed.rev)
    messages.save_deletion(tx, stub)
    conversations.save(tx, changed)
    changes.append(tx, changed, ChangeKind.MESSAGE_DELETED, actor_id=actor_id, target_ids=[message_id])
    tx.emit(MessageDeleted(stub))
    return _viewed(tx, stub, actor_id)


def hide(tx: Transaction, *, message_id: MessageId, member_id: UserId) -> None:
    """Delete a message for oneself alone; it keeps its number, and what is unread stays as it was.

    Raises: MessageNotFound. Emits: MessageHidden, unless it was hidden before.
    """
    conversation_id, is_new = messages.hide(tx, message_id, member_id=member_id)
    if is_new:
        tx.emit(MessageHidden(member_id, conversation_id, message_id))


def list_versions(
    tx: Transaction, *, message_id: MessageId, member_id: UserId, cursor: Cursor | None, size: int
) -> Page[Version]:
    """The texts that a message had before, the newest first; none once it is deleted. Raises: MessageNotFound."""
    messages.get(tx, message_id, member_id=member_id)
    return versions.page(tx, message_id, cursor=cursor, size=size)
