"""Events out: what each becomes on the wire."""

from google.protobuf.message import Message

from chassis.events import Outgoing
from messaging.users.v1 import events_pb2 as pb
from services.users.model import events
from services.users.model.profiles import UserId


def encode(event: object) -> Outgoing:
    """Turn an event of this service into its kind, its aggregate and its payload."""
    match event:
        case events.ProfileUpdated(profile):
            updated = pb.ProfileUpdated(
                user_id=profile.user_id, username=profile.username, display_name=profile.display_name
            )
            return _outgoing("profile_updated", profile.user_id, updated)
        case events.PrivacyChanged(user_id, privacy):
            changed = pb.PrivacyChanged(
                user_id=user_id,
                read_receipts=privacy.is_receipt_shared,
                typing_indicators=privacy.is_typing_shared,
                # The numbers are the same, which a test holds.
                who_can_message=privacy.who_can_message,  # type: ignore[arg-type]
            )
            return _outgoing("privacy_changed", user_id, changed)
        case events.UserBlocked(user_id, blocked_id):
            return _outgoing("user_blocked", user_id, pb.UserBlocked(user_id=user_id, blocked_user_id=blocked_id))
        case events.UserUnblocked(user_id, blocked_id):
            return _outgoing("user_unblocked", user_id, pb.UserUnblocked(user_id=user_id, blocked_user_id=blocked_id))
        case events.ContactAdded(user_id, contact_id):
            return _outgoing("contact_added", user_id, pb.ContactAdded(user_id=user_id, contact_id=contact_id))
        case events.ContactRemoved(user_id, contact_id):
            return _outgoing("contact_removed", user_id, pb.ContactRemoved(user_id=user_id, contact_id=contact_id))
        case events.SightChanged(user_id, viewer_id):
            sight = pb.SightChanged(user_id=user_id, viewer_id=viewer_id or "")
            return _outgoing("sight_changed", user_id, sight)
    raise TypeError(type(event).__name__)


def _outgoing(kind: str, user_id: UserId, payload: Message) -> Outgoing:
    return Outgoing(kind, user_id, payload.SerializeToString())
