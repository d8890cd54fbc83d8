"""Sending: many people's messages in one transaction, each of them stored or refused for itself."""

from collections.abc import Sequence

from chassis.database import Transaction
from chassis.errors import DeadlineRequired, Failure, IdempotencyKeyReused
from chassis.ids import uuid7
from services.conversations.model.errors import ConversationBusy, ConversationNotFound
from services.conversations.model.events import MessageSent
from services.conversations.model.ids import MessageId
from services.conversations.model.limits import Limits
from services.conversations.model.messages import Draft, Message, MessageType, Priority, Sent
from services.conversations.store import messages, sends

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
        _store(tx, drafts, sound, outcomes)
    return [outcomes[place] for place in range(len(drafts))]


def _check(tx: Transaction, draft: Draft, limits: Limits) -> None:
    if draft.deadline is not None and draft.deadline <= tx.now.timestamp():
        raise DeadlineRequired("Nobody waits for the message any more.")
    draft.check(limits.message_characters)


def _store(tx: Transaction, drafts: Sequence[Draft], sound: Sequence[int], outcomes: dict[int, Outcome]) -> None:
    heads, at = sends.lock(tx, {drafts[place].conversation_id for place in sound})
    known = sends.check(tx, [drafts[place] for place in sound])
    new: dict[object, tuple[Message, bytes]] = {}
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
            checked.standing.require_may_write(at)
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
        )
        new[draft.key] = message, body_hash
        outcomes[place] = Sent(message, is_replayed=False)
        tx.emit(MessageSent(message), actor_id=draft.sender_id, traceparent=draft.traceparent)
    if new:
        sends.write(tx, list(new.values()), at)
    if earlier:
        found = messages.named(tx, list(earlier.values()))
        outcomes.update({place: Sent(found[message_id], is_replayed=True) for place, message_id in earlier.items()})


def _require_same(body_hash: bytes, earlier_hash: bytes) -> None:
    if body_hash != earlier_hash:
        raise IdempotencyKeyReused()
