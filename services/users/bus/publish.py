"""Events out: what each becomes on the wire."""

from chassis.events import Outgoing
from messaging.users.v1 import events_pb2 as pb
from services.users.model.events import ProfileUpdated


def encode(event: object) -> Outgoing:
    """Turn an event of this service into its kind, its aggregate and its payload."""
    match event:
        case ProfileUpdated(profile):
            payload = pb.ProfileUpdated(
                user_id=profile.user_id, username=profile.username, display_name=profile.display_name
            )
            return Outgoing("profile_updated", profile.user_id, payload.SerializeToString())
    raise TypeError(type(event).__name__)
