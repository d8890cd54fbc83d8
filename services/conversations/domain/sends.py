"""Sending: many people's messages in one transaction, each of them stored or refused for itself."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from chassis.database import Transaction
from chassis.errors import DeadlineRequired, Failure, IdempotencyKeyReused
from chassis.ids import uuid7
from services.conversations.domain import previews
from services.conversations.model.errors import (
    ConversationBusy,
    ConversationNotFound,
    ReplyTargetUnavailable,
    TooManyMentions,
)
from services.conversations.model.events import MessageSent
from services.conversations.model.ids import ConversationId, MessageId, UserId
from services.conversations.model.limits import Limits
from services.conversations.model.mentions import NOBODY, Mentions, mentions_in
from services.conversations.model.messages import Draft, Message, MessageType, Priority, Sent
from services.conversations.model.participants import Standing
from services.conversations.store import messages, sends
from services.conversations.store.sends import Target

Outcome = Sent | Failure


def send(tx: Transaction, *, drafts: Sequence[Draft], limits: Limits) -> Sequence[Outcome]:
    """Store what may be stored and say what became of each draft; no refusal is raised.

    A draft whose key was used before answers the message of then; in a batch the first one with a key is stored.
    Emits: MessageSent, in the order of the drafts.
    """
    outcomes: dict[int, Outcome] = {}
    sound: list[int] = []
    for place, draft in enumerate(drafts):
        try:
            _check(tx, draft, limits)
            sound.append(place)
        except Failure as failure:
            outcomes[place] = failure
    if sound:
        _store(tx, drafts, sound, outcomes, limits)
    return [outcomes[place] for place in range(len(drafts))]


def _check(tx: Transaction, draft: Draft, limits: Limits) -> None:
    if draft.deadline is not None and draft.deadline <= tx.now.timestamp():
        raise DeadlineRequired("Nobody waits for the message any more.")
    draft.check(limits.message_characters)


def _store(
    tx: Transaction, drafts: Sequence[Draft], sound: Sequence[int], outcomes: dict[int, Outcome], limits: Limits
) -> None:
    heads, at = sends.lock(tx, {drafts[place].conversation_id for place in sound})
    known = sends.check(tx, [drafts[place] for place in sound])
    context = _context(tx, [drafts[place] for place in sound])
    new: dict[object, tuple[Message, bytes]] = {}
    sent_at: set[tuple[ConversationId, UserId]] = set()
    earlier: dict[int, str] = {}
    for n, place in enumerate(sound):
        draft, checked = drafts[place], known.get(n)
        body_hash = draft.body_hash
        try:
            if checked is None:
                raise ConversationNotFound()
            if checked.earlier_id is not None:
                _require_same(body_hash, checked.body_hash)
                earlier[place] = checked.earlier_id
                continue
            if draft.key in new:
                message, first_hash = new[draft.key]
                _require_same(body_hash, first_hash)
                outcomes[place] = Sent(message, is_replayed=True)
                continue
            head = heads.get(draft.conversation_id)
            if head is None:
                raise ConversationBusy()
            sender = draft.conversation_id, draft.sender_id
            checked.standing.require_may_send(at, last_sent_at=at if sender in sent_at else None)
            target = context.target(n, draft, checked.standing)
            mentions = _mentions(draft)
        except Failure as failure:
            outcomes[place] = failure
            continue
        head.advance()
        message = Message(
            message_id=MessageId(uuid7()),
            conversation_id=draft.conversation_id,
            seq=head.last_seq,
            rev=head.rev,
            sender_id=draft.sender_id,
            message_type=MessageType(draft.message_type),
            content=draft.content,
            priority=Priority(draft.priority),
            is_important=draft.is_important,
            client_message_id=draft.client_message_id,
            created_at=at,
            reply_to_id=target.message_id if target else None,
            thread_root_id=target.root_id if target else None,
            mentions=context.members(draft.conversation_id, mentions),
            mentions_all=mentions.is_everybody,
            forwarded_from=draft.forwarded_from,
            requires_acknowledgement=draft.requires_acknowledgement,
            poll=draft.poll,
        )
        sent_at.add(sender)
        new[draft.key] = message, body_hash
        outcomes[place] = Sent(message, is_replayed=False)
        event = MessageSent(message, thread_author_id=target.root_author_id if target else None)
        tx.emit(event, actor_id=draft.sender_id, traceparent=draft.traceparent)
    if new:
        _write(tx, list(new.values()), at, limits)
    if earlier:
        found = messages.named(tx, list(earlier.values()))
        outcomes.update({place: Sent(found[message_id], is_replayed=True) for place, message_id in earlier.items()})


@dataclass(frozen=True, slots=True)
class _Context:
    """What the texts of a batch refer to; read only where there is something to read."""

    targets: Mapping[int, Target]
    named: Mapping[tuple[ConversationId, str], UserId]

    def target(self, n: int, draft: Draft, standing: Standing) -> Target | None:
        if draft.reply_to_id is None:
            return None
        target = self.targets.get(n)
        if target is None or target.seq <= standing.visible_after:
            raise ReplyTargetUnavailable()
        return target

    def members(self, conversation_id: ConversationId, mentions: Mentions) -> tuple[UserId, ...]:
        if not mentions.usernames:
            return ()
        found = (self.named.get((conversation_id, username)) for username in sorted(mentions.usernames))
        return tuple(user_id for user_id in found if user_id is not None)


def _context(tx: Transaction, drafts: Sequence[Draft]) -> _Context:
    replies = [n for n, draft in enumerate(drafts) if draft.reply_to_id is not None]
    found = sends.targets(tx, [drafts[n] for n in replies]) if replies else {}
    names: set[tuple[ConversationId, str]] = set()
    for draft in drafts:
        if "@" in draft.content:
            with suppress(TooManyMentions):
                names.update((draft.conversation_id, name) for name in _mentions(draft).usernames)
    return _Context({replies[n]: target for n, target in found.items()}, sends.mentioned(tx, names) if names else {})


def _mentions(draft: Draft) -> Mentions:
    # Somebody wrote them elsewhere, for others.
    return NOBODY if draft.forwarded_from is not None else mentions_in(draft.content)


def _write(tx: Transaction, stored: Sequence[tuple[Message, bytes]], at: datetime, limits: Limits) -> None:
    sends.write(tx, stored, at)
    replies = [message for message, _ in stored if message.thread_root_id is not None]
    if replies:
        sends.count_replies(tx, replies)
    awaited = [message.message_id for message, _ in stored if message.requires_acknowledgement]
    if awaited:
        sends.remind(tx, awaited, at=at + limits.acknowledgement_repeat)
    for message, _ in stored:
        previews.promise(tx, message, limits)


def _require_same(body_hash: bytes, earlier_hash: bytes) -> None:
    if body_hash != earlier_hash:
        raise IdempotencyKeyReused()
