"""The one line above a notification; names are empty while they are not known."""


def of_message(sender: str) -> str:
    """Name the sender."""
    return sender or "New message"


def of_membership(actor: str, conversation: str, *, is_direct: bool) -> str:
    """Say who brought the reader into what."""
    who = actor or "Somebody"
    if is_direct:
        return f"{who} started a conversation with you"
    return f"{who} added you to {f'“{conversation}”' if conversation else 'a group'}"
