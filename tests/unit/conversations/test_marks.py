"""The rules of drafts, of the moderators' queue, and of what members show each other."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Failure
from chassis.ids import uuid7
from services.conversations.model.drafts import SavedDraft
from services.conversations.model.errors import (
    Blocked,
    MessageContentInvalid,
    MessageTooLong,
    Muted,
    PlatformRoleInsufficient,
    RoleInsufficient,
    SenderSuspended,
)
from services.conversations.model.ids import ConversationId, MessageId
from services.conversations.model.permissions import Action, Role
from services.conversations.model.reports import require_moderator
from tests.support.factories.participants import standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def draft(content: str, *, is_answer: bool = False) -> SavedDraft:
    return SavedDraft(ConversationId(uuid7()), content, MessageId(uuid7()) if is_answer else None, NOW)


def test_a_draft_holds_a_text_or_a_message_to_answer() -> None:
    draft("x" * 5).check(5)
    draft("", is_answer=True).check(5)
    with pytest.raises(MessageTooLong):
        draft("x" * 6, is_answer=True).check(5)
    for blank in (draft(""), draft(" "), draft(" ", is_answer=True)):
        with pytest.raises(MessageContentInvalid):
            blank.check(5)


@pytest.mark.parametrize("roles", [{"moderator"}, {"admin"}, {"user", "admin"}])
def test_moderators_and_admins_see_the_queue(roles: set[str]) -> None:
    require_moderator(roles)


@pytest.mark.parametrize("roles", [set(), {"user"}, {"Moderator"}])
def test_nobody_else_sees_the_queue(roles: set[str]) -> None:
    with pytest.raises(PlatformRoleInsufficient):
        require_moderator(roles)


def test_a_policy_and_slow_mode_keep_nobody_from_reacting() -> None:
    standing(is_restricted=True, slow_mode_seconds=60, last_sent_at=NOW).require_may(Action.REACT, NOW)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"is_active": False}, SenderSuspended),
        ({"role": Role.READONLY}, RoleInsufficient),
        ({"muted_until": NOW + timedelta(seconds=1)}, Muted),
        ({"is_blocked": True}, Blocked),
    ],
)
def test_what_keeps_from_writing_to_somebody_keeps_from_reacting(
    fields: dict[str, object], expected: type[Failure]
) -> None:
    with pytest.raises(expected):
        standing(**fields).require_may(Action.REACT, NOW)
