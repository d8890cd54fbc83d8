"""What the operator is told in one line instead of a stack trace."""


class Refused(Exception):
    """The stack cannot do what was asked; the message says why and what mends it."""
