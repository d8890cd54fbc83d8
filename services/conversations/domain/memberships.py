"""What members set for themselves."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chassis.database import Transaction
from services.conversations.domain.participants import change
from services.conversations.model.events import SettingsChanged
from services.conversations.model.ids import ConversationId, UserId
from services.conversations.model.participants import Participant, Settings, still_to_come
from services.conversations.store import conversations, participants


def update(
    tx: Transaction,
    *,
    conversation_id: ConversationId,
    user_id: UserId,
    settings: Mapping[str, Any],
    nickname: str | None,
) -> tuple[Participant, Settings]:
    """Change what is given of somebody's own settings, and the nickname, which all see.

    Raises: ConversationNotFound. Emits: SettingsChanged to their own devices, MembershipChanged to all.
    """
    # A nickname is a shared change, and nothing is locked before the conversation.
    conversation = None if nickname is None else conversations.lock(tx, conversation_id, member_id=user_id)
    member, before = participants.own(tx, conversation_id, user_id)
    wanted = replace(before, **settings)
    wanted = replace(wanted, snoozed_until=still_to_come(wanted.snoozed_until, at=tx.now))
    if wanted != before:
        participants.save_settings(tx, conversation_id, user_id, wanted)
        tx.emit(SettingsChanged(user_id, conversation_id, wanted))
    if conversation is not None and nickname is not None and nickname != member.nickname:
        member = replace(member, nickname=nickname)
        change(tx, conversation, [member], actor_id=user_id)
    return member, wanted
