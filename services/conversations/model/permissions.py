"""Who may do what: the one table of roles and actions."""

from enum import Enum, IntEnum, auto
from typing import Final

from services.conversations.model.errors import RoleInsufficient


class Role(IntEnum):
    """What a participant is, the strongest first; numbers as in the contract and in the database."""

    OWNER = 1
    ADMIN = 2
    MODERATOR = 3
    MEMBER = 4
    READONLY = 5


class Action(Enum):
    """What a role allows. Reading needs no entry: every participant reads."""

    WRITE = auto()
    WRITE_WHERE_RESTRICTED = auto()
    IGNORE_SLOW_MODE = auto()
    REACT = auto()
    PIN = auto()
    DELETE_ANY_MESSAGE = auto()
    IGNORE_WINDOWS = auto()
    CLOSE_ANY_POLL = auto()
    SEE_ACKNOWLEDGEMENTS = auto()
    MUTE_PARTICIPANT = auto()
    BAN_PARTICIPANT = auto()
    REMOVE_PARTICIPANT = auto()
    ADD_PARTICIPANT = auto()
    INVITE = auto()
    CHANGE_ROLE = auto()
    CHANGE_SETTINGS = auto()
    TRANSFER_OWNERSHIP = auto()
    DELETE_CONVERSATION = auto()


# The weakest role that may; those above it may as well.
WEAKEST: Final[dict[Action, Role]] = {
    Action.WRITE: Role.MEMBER,
    Action.WRITE_WHERE_RESTRICTED: Role.MODERATOR,
    Action.IGNORE_SLOW_MODE: Role.MODERATOR,
    Action.REACT: Role.MEMBER,
    Action.PIN: Role.MODERATOR,
    Action.DELETE_ANY_MESSAGE: Role.MODERATOR,
    Action.IGNORE_WINDOWS: Role.MODERATOR,
    Action.CLOSE_ANY_POLL: Role.MODERATOR,
    Action.SEE_ACKNOWLEDGEMENTS: Role.MODERATOR,
    Action.MUTE_PARTICIPANT: Role.MODERATOR,
    Action.BAN_PARTICIPANT: Role.MODERATOR,
    Action.REMOVE_PARTICIPANT: Role.MODERATOR,
    Action.ADD_PARTICIPANT: Role.ADMIN,
    Action.INVITE: Role.ADMIN,
    Action.CHANGE_ROLE: Role.ADMIN,
    Action.CHANGE_SETTINGS: Role.ADMIN,
    Action.TRANSFER_OWNERSHIP: Role.OWNER,
    Action.DELETE_CONVERSATION: Role.OWNER,
}


def may(role: Role, action: Action) -> bool:
    """Tell whether a participant with this role may do it."""
    return role <= WEAKEST[action]


def require(role: Role, action: Action) -> None:
    """Raises: RoleInsufficient."""
    if not may(role, action):
        raise RoleInsufficient()


def require_may_bring(actor: Role, given: Role, action: Action) -> None:
    """People are added, or invited, to roles below that of the one who does it. Raises: RoleInsufficient."""
    require(actor, action)
    if given <= actor:
        raise RoleInsufficient()


def require_over(actor: Role, target: Role, action: Action) -> None:
    """Owners do it to anybody, others only to those below them. Raises: RoleInsufficient."""
    require(actor, action)
    if actor is not Role.OWNER and target <= actor:
        raise RoleInsufficient()


def require_may_change(actor: Role, target: Role, given: Role, *, is_self: bool) -> None:
    """Owners give every role, others move those below them below themselves; everybody may step down.

    Raises: RoleInsufficient.
    """
    if is_self and given >= target:
        return
    require(actor, Action.CHANGE_ROLE)
    if actor is not Role.OWNER and (target <= actor or given <= actor):
        raise RoleInsufficient()
