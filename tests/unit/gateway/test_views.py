"""What clients see is what the documentation's models say, and every value of the contract has its word."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import Overloaded
from chassis.rpc.status import to_status
from gateway import views
from gateway.realtime import payloads
from gateway.rest import (
    accounts,
    auth,
    bans,
    blocks,
    changes,
    contacts,
    conversations,
    forwards,
    invites,
    memberships,
    messages,
    notifications,
    participants,
    privacy,
    receipts,
    scheduled,
    search,
    threads,
    users,
    versions,
)
from gateway.rest.models import Shown
from messaging.auth.v1 import accounts_pb2, sessions_pb2
from messaging.conversations.v1 import (
    bans_pb2,
    conversations_pb2,
    events_pb2,
    forwards_pb2,
    invites_pb2,
    messages_pb2,
    participants_pb2,
    receipts_pb2,
    scheduled_pb2,
    search_pb2,
    threads_pb2,
)
from messaging.notifications.v1 import notifications_pb2
from messaging.users.v1 import blocks_pb2, contacts_pb2, privacy_pb2, profiles_pb2

ID, OTHER = "01981f3c-7a5e-7c43-9d1f-5b0e2f6a8c11", "01981f3b-1d2a-7e0b-8a44-90c1d7e3b602"
AT = Timestamp(seconds=1_780_000_000, nanos=123_456_789)

MESSAGE = messages_pb2.Message(
    message_id=ID,
    conversation_id=OTHER,
    seq=3,
    rev=7,
    sender_id=OTHER,
    message_type=messages_pb2.MESSAGE_TYPE_TEXT,
    content="Hello",
    priority=messages_pb2.PRIORITY_URGENT,
    is_important=True,
    client_message_id="key",
    create_time=AT,
    edit_time=AT,
    delete_time=AT,
    reply_to_id=ID,
    thread_root_id=ID,
    mentioned_ids=[OTHER],
    forwarded_from=messages_pb2.ForwardOrigin(sender_id=ID, create_time=AT),
    reactions=[messages_pb2.ReactionCount(emoji="👍", count=2)],
    previews=[messages_pb2.LinkPreview(url="https://example.org/", title="Example")],
    poll=messages_pb2.Poll(options=[messages_pb2.PollOption(text="Tuesday", votes=1)], close_time=AT),
    viewer=messages_pb2.ViewerState(status=messages_pb2.DELIVERY_STATUS_READ, reactions=["👍"], votes=[0]),
)
STUB = messages_pb2.Message(
    message_id=ID,
    conversation_id=OTHER,
    seq=1,
    rev=1,
    sender_id=OTHER,
    message_type=messages_pb2.MESSAGE_TYPE_SYSTEM,
    priority=messages_pb2.PRIORITY_NORMAL,
    create_time=AT,
)
WAITING = scheduled_pb2.ScheduledMessage(
    scheduled_message_id=ID,
    conversation_id=OTHER,
    content="Hello",
    message_type=messages_pb2.MESSAGE_TYPE_POLL,
    poll=messages_pb2.PollDraft(options=["Tuesday", "Thursday"], close_time=AT),
    send_time=AT,
    state=scheduled_pb2.SCHEDULED_STATE_PENDING,
    create_time=AT,
    update_time=AT,
)
FAILED = scheduled_pb2.ScheduledMessage(
    scheduled_message_id=ID,
    conversation_id=OTHER,
    content="Hello",
    send_time=AT,
    state=scheduled_pb2.SCHEDULED_STATE_FAILED,
    failure_reason="MUTED",
    create_time=AT,
    update_time=AT,
)
PARTICIPANT = participants_pb2.Participant(
    conversation_id=ID, user_id=OTHER, role=participants_pb2.ROLE_OWNER, read_seq=1, delivered_seq=2, join_time=AT
)
FORMER = participants_pb2.Participant(
    conversation_id=ID, user_id=OTHER, role=participants_pb2.ROLE_MEMBER, join_time=AT, leave_time=AT
)
GROUP = conversations_pb2.Conversation(
    conversation_id=ID,
    kind=conversations_pb2.CONVERSATION_KIND_GROUP,
    title="A group",
    last_seq=3,
    rev=7,
    participant_count=2,
    creator_id=OTHER,
    history_visibility=conversations_pb2.HISTORY_VISIBILITY_ALL,
    posting_policy=conversations_pb2.POSTING_POLICY_MEMBERS,
    create_time=AT,
    update_time=AT,
    my_membership=PARTICIPANT,
)
DIRECT = conversations_pb2.Conversation(
    conversation_id=ID,
    kind=conversations_pb2.CONVERSATION_KIND_DIRECT,
    creator_id=OTHER,
    peer_id=OTHER,
    history_visibility=conversations_pb2.HISTORY_VISIBILITY_ALL,
    posting_policy=conversations_pb2.POSTING_POLICY_MEMBERS,
    create_time=AT,
    update_time=AT,
    last_message=MESSAGE,
    my_membership=PARTICIPANT,
    unread_count=2,
)
PUBLIC = conversations_pb2.PublicConversation(
    conversation_id=ID, kind=conversations_pb2.CONVERSATION_KIND_CHANNEL, title="News", create_time=AT
)
BAN = bans_pb2.Ban(conversation_id=ID, user_id=ID, actor_id=OTHER, create_time=AT, expire_time=AT)
INVITE = invites_pb2.Invite(
    invite_id=ID,
    conversation_id=ID,
    code="x0Yb2p9vQfC1sJd8LwKa3mNe",
    creator_id=OTHER,
    role=participants_pb2.ROLE_MEMBER,
    max_uses=5,
    create_time=AT,
    expire_time=AT,
)
PREVIEW = invites_pb2.PreviewInviteResponse(
    kind=conversations_pb2.CONVERSATION_KIND_GROUP, title="A group", participant_count=2
)
PROFILE = profiles_pb2.Profile(user_id=ID, username="ada", create_time=AT)
OWN_PROFILE = profiles_pb2.Profile(
    user_id=ID,
    username="ada",
    phone="+441632960961",
    date_of_birth="1990-12-10",
    create_time=AT,
    is_private_shown=True,
    presence=profiles_pb2.Presence(user_id=ID, state=profiles_pb2.PRESENCE_STATE_ONLINE, seen_time=AT),
)
HIDDEN_PROFILE = profiles_pb2.Profile(user_id=ID, username="ada", is_hidden=True)
PRIVACY = privacy_pb2.Privacy(
    profile_visibility=privacy_pb2.AUDIENCE_CONTACTS, who_can_message=privacy_pb2.AUDIENCE_NOBODY, searchable=True
)
ACCOUNT = accounts_pb2.Account(
    account_id=ID,
    email="a@b.c",
    username="ada",
    roles=[accounts_pb2.PLATFORM_ROLE_MODERATOR, accounts_pb2.PLATFORM_ROLE_ADMIN],
    state=accounts_pb2.ACCOUNT_STATE_ACTIVE,
    create_time=AT,
)
TOKENS = sessions_pb2.Tokens(
    access="a", refresh="b", access_expire_time=AT, refresh_expire_time=AT, session_id=ID, user_id=OTHER
)
SESSION = sessions_pb2.Session(session_id=ID, device="curl", create_time=AT, use_time=AT, is_current=True)
NOTIFICATION = notifications_pb2.Notification(
    notification_id=ID, kind=notifications_pb2.NOTIFICATION_KIND_MESSAGE, title="t", count=2, create_time=AT
)
READ_NOTIFICATION = notifications_pb2.Notification(
    notification_id=ID,
    kind=notifications_pb2.NOTIFICATION_KIND_MEMBER_ADDED,
    is_read=True,
    read_time=AT,
    actor_id=ID,
    conversation_id=ID,
    message_id=ID,
    create_time=AT,
)


THREAD = threads_pb2.Thread(root_id=ID, conversation_id=ID, root=MESSAGE, reply_count=2, read_seq=3, unread_count=1)
RECEIPTS = receipts_pb2.GetMessageReceiptsResponse(
    status=messages_pb2.DELIVERY_STATUS_READ,
    receipts=[receipts_pb2.MessageReceipt(user_id=ID, status=messages_pb2.DELIVERY_STATUS_DELIVERED)],
)
COPY = forwards_pb2.Forwarded(conversation_id=ID, message=MESSAGE, comment=STUB)
REFUSED_COPY = forwards_pb2.Forwarded(conversation_id=ID, error=to_status(Overloaded()))


def change(**target: Any) -> conversations_pb2.Change:
    return conversations_pb2.Change(
        rev=7, kind=conversations_pb2.CHANGE_KIND_MESSAGE_SENT, target_id=ID, create_time=AT, **target
    )


HIT = search_pb2.SearchHit(message=MESSAGE, excerpt=[search_pb2.ExcerptRun(text="plan", match=True)])
SHAPES: list[tuple[Callable[[Any], views.View], Any, type[Shown]]] = [
    (views.message, MESSAGE, messages.Message),
    (views.message, STUB, messages.Message),
    (views.message_shared, MESSAGE, messages.SharedMessage),
    (views.hit, HIT, search.SearchHit),
    (views.scheduled, WAITING, scheduled.ScheduledMessage),
    (views.scheduled, FAILED, scheduled.ScheduledMessage),
    (views.conversation, GROUP, conversations.Conversation),
    (views.conversation, DIRECT, conversations.Conversation),
    (views.conversation_shared, GROUP, conversations.SharedConversation),
    (views.conversation_public, PUBLIC, memberships.PublicConversation),
    (views.ban, BAN, bans.Ban),
    (views.ban, bans_pb2.Ban(conversation_id=ID, user_id=ID, actor_id=OTHER, create_time=AT), bans.Ban),
    (views.invite, INVITE, invites.Invite),
    (views.invite_preview, PREVIEW, invites.InvitePreview),
    (views.participant, PARTICIPANT, participants.Participant),
    (views.participant, FORMER, participants.Participant),
    (views.receipt, PARTICIPANT, receipts.Receipt),
    (
        views.receipt,
        participants_pb2.Participant(conversation_id=ID, user_id=ID, is_read_hidden=True),
        receipts.Receipt,
    ),
    (views.message_sent, MESSAGE, messages.Message),
    (views.thread, THREAD, threads.Thread),
    (views.thread, threads_pb2.Thread(root_id=ID, conversation_id=ID), threads.Thread),
    (views.thread_changed, events_pb2.ThreadChanged(conversation_id=ID, root_id=ID, read_seq=4), payloads.ThreadChange),
    (views.message_hidden, events_pb2.MessageHidden(conversation_id=ID, message_id=ID), payloads.Hidden),
    (views.version, messages_pb2.MessageVersion(rev=3, content="Helo", create_time=AT), versions.MessageVersion),
    (views.message_receipts, RECEIPTS, receipts.MessageReceipts),
    (partial(views.forwarded, request_id=ID), COPY, forwards.Forwarded),
    (partial(views.forwarded, request_id=ID), REFUSED_COPY, forwards.Forwarded),
    (views.change, change(message=MESSAGE, actor_id=ID), changes.LoggedChange),
    (views.change, change(participant=FORMER), changes.LoggedChange),
    (views.change, change(conversation=GROUP), changes.LoggedChange),
    (views.change, change(), changes.LoggedChange),
    (views.profile, PROFILE, users.Profile),
    (views.profile, OWN_PROFILE, users.Profile),
    (views.profile, HIDDEN_PROFILE, users.Profile),
    (views.privacy, PRIVACY, privacy.Privacy),
    (views.related, blocks_pb2.Block(profile=PROFILE, create_time=AT), blocks.Blocked),
    (views.related, contacts_pb2.Contact(profile=PROFILE, create_time=AT), contacts.Contact),
    (views.presence, OWN_PROFILE.presence, users.Presence),
    (views.account, ACCOUNT, accounts.Account),
    (views.tokens, TOKENS, auth.Tokens),
    (views.session, SESSION, auth.Session),
    (views.notification, NOTIFICATION, notifications.Notification),
    (views.notification, READ_NOTIFICATION, notifications.Notification),
]


@pytest.mark.parametrize(("view", "source", "model"), SHAPES, ids=map(str, range(len(SHAPES))))
def test_a_view_has_the_shape_that_is_documented(
    view: Callable[[Any], views.View], source: Any, model: type[Shown]
) -> None:
    shown = view(source)

    assert shown.keys() == model.model_fields.keys()
    model.model_validate_json(orjson.dumps(shown), strict=True)


def test_a_message_is_encoded_as_it_is_viewed() -> None:
    assert orjson.loads(views.message_json(MESSAGE)) == {**views.message(MESSAGE), "status": "sent"}


def test_times_are_utc_with_microseconds() -> None:
    assert views.time(AT) == "2026-05-28T20:26:40.123456Z"
    assert views.time(Timestamp(seconds=0)) == "1970-01-01T00:00:00.000000Z"


def test_what_is_private_is_null_for_others() -> None:
    assert views.profile(PROFILE)["phone"] is None
    assert views.profile(OWN_PROFILE)["phone"] == "+441632960961"


@pytest.mark.parametrize(
    ("words", "enum", "prefix"),
    [
        (views.MESSAGE_TYPES, messages_pb2.MessageType, "MESSAGE_TYPE_"),
        (views.PRIORITIES, messages_pb2.Priority, "PRIORITY_"),
        (views.SCHEDULED_STATES, scheduled_pb2.ScheduledState, "SCHEDULED_STATE_"),
        (views.CONVERSATION_KINDS, conversations_pb2.ConversationKind, "CONVERSATION_KIND_"),
        (views.CHANGE_KINDS, conversations_pb2.ChangeKind, "CHANGE_KIND_"),
        (views.HISTORY_VISIBILITIES, conversations_pb2.HistoryVisibility, "HISTORY_VISIBILITY_"),
        (views.POSTING_POLICIES, conversations_pb2.PostingPolicy, "POSTING_POLICY_"),
        (views.CHANGES_MODES, conversations_pb2.ChangesMode, "CHANGES_MODE_"),
        (views.ROLES, participants_pb2.Role, "ROLE_"),
        (views.PRESENCE_STATES, profiles_pb2.PresenceState, "PRESENCE_STATE_"),
        (views.AUDIENCES, privacy_pb2.Audience, "AUDIENCE_"),
        (views.PLATFORM_ROLES, accounts_pb2.PlatformRole, "PLATFORM_ROLE_"),
        (views.ACCOUNT_STATES, accounts_pb2.AccountState, "ACCOUNT_STATE_"),
        (views.NOTIFICATION_KINDS, notifications_pb2.NotificationKind, "NOTIFICATION_KIND_"),
    ],
)
def test_every_value_of_the_contract_has_its_word(words: tuple[str, ...], enum: EnumTypeWrapper, prefix: str) -> None:
    values = dict(enum.items())

    assert len(words) == len(values)
    assert all(words[number] == name.removeprefix(prefix).lower() for name, number in values.items() if number)
