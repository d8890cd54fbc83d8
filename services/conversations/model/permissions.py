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
    DELETE_ANY_MESSAGE = auto()
    IGNORE_WINDOWS = auto()
    REMOVE_PARTICIPANT = auto()
    ADD_PARTICIPANT = auto()
    CHANGE_ROLE = auto()
    CHANGE_SETTINGS = auto()
    DELETE_CONVERSATION = auto()


# The weakest role that may; those above it may as well.
WEAKEST: Final[dict[Action, Role]] = {
    Action.WRITE: Role.MEMBER,
    Action.DELETE_ANY_MESSAGE: Role.MODERATOR,
    Action.IGNORE_WINDOWS: Role.MODERATOR,
    Action.REMOVE_PARTICIPANT: Role.MODERATOR,
    Action.ADD_PARTICIPANT: Role.ADMIN,
    Action.CHANGE_ROLE: Role.ADMIN,
    Action.CHANGE_SETTINGS: Role.ADMIN,
    Action.DELETE_CONVERSATION: Role.OWNER,
}


def may(role: Role, action: Action) -> bool:
    """Tell whether a participant with this role may do it."""
    return role <= WEAKEST[action]


def require(role: Role, action: Action) -> None:
    """Raises: RoleInsufficient."""
    if not may(role, action):
        raise RoleInsufficient()


def require_may_add(actor: Role, given: Role) -> None:
    """People come in below the one who brings them. Raises: RoleInsufficient."""
    require(actor, Action.ADD_PARTICIPANT)
    if given <= actor:
        raise RoleInsufficient()


def require_may_remove(actor: Role, target: Role) -> None:
    """Owners remove anybody, others only those below them. Raises: RoleInsufficient."""
    require(actor, Action.REMOVE_PARTICIPANT)
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
