"""The one line above a notification; names are empty while they are not known."""

from services.notifications.model.notifications import Kind

_NOBODY = "Somebody"


def of_message(sender: str, kind: Kind) -> str:
    """Name the sender, and what makes the message more than one of many."""
    match kind:
        case Kind.MENTION:
            return f"{sender or _NOBODY} mentioned you"
        case Kind.REPLY:
            return f"{sender or _NOBODY} replied in a thread"
    return sender or "New message"


def of_acknowledgement(sender: str, *, is_reminder: bool) -> str:
    """Say who wants what of the reader."""
    who = sender or _NOBODY
    return f"{who} still waits for your acknowledgement" if is_reminder else f"{who} asks for your acknowledgement"


def of_membership(actor: str, conversation: str, *, is_direct: bool) -> str:
    """Say who brought the reader into what."""
    who = actor or _NOBODY
    if is_direct:
        return f"{who} started a conversation with you"
    return f"{who} added you to {f'“{conversation}”' if conversation else 'a group'}"
