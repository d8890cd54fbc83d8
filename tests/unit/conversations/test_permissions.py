"""The table of roles and actions, cell by cell."""

import pytest

from services.conversations.model import permissions
from services.conversations.model.errors import RoleInsufficient
from services.conversations.model.permissions import Action, Role

OWNER, ADMIN, MODERATOR, MEMBER, READONLY = Role
# Who may, written out again by hand: a slip in the table must not pass unseen.
MAY = {
    Action.WRITE: {OWNER, ADMIN, MODERATOR, MEMBER},
    Action.WRITE_WHERE_RESTRICTED: {OWNER, ADMIN, MODERATOR},
    Action.IGNORE_SLOW_MODE: {OWNER, ADMIN, MODERATOR},
    Action.REACT: {OWNER, ADMIN, MODERATOR, MEMBER},
    Action.PIN: {OWNER, ADMIN, MODERATOR},
    Action.CLOSE_ANY_POLL: {OWNER, ADMIN, MODERATOR},
    Action.SEE_ACKNOWLEDGEMENTS: {OWNER, ADMIN, MODERATOR},
    Action.MUTE_PARTICIPANT: {OWNER, ADMIN, MODERATOR},
    Action.BAN_PARTICIPANT: {OWNER, ADMIN, MODERATOR},
    Action.INVITE: {OWNER, ADMIN},
    Action.TRANSFER_OWNERSHIP: {OWNER},
    Action.DELETE_ANY_MESSAGE: {OWNER, ADMIN, MODERATOR},
    Action.IGNORE_WINDOWS: {OWNER, ADMIN, MODERATOR},
    Action.REMOVE_PARTICIPANT: {OWNER, ADMIN, MODERATOR},
    Action.ADD_PARTICIPANT: {OWNER, ADMIN},
    Action.CHANGE_ROLE: {OWNER, ADMIN},
    Action.CHANGE_SETTINGS: {OWNER, ADMIN},
    Action.DELETE_CONVERSATION: {OWNER},
}
CELLS = [(role, action) for role in Role for action in Action]


@pytest.mark.parametrize(("role", "action"), CELLS)
def test_each_cell_of_the_table(role: Role, action: Action) -> None:
    assert permissions.may(role, action) is (role in MAY[action])


@pytest.mark.parametrize(("role", "action"), CELLS)
def test_what_a_role_may_not_is_refused(role: Role, action: Action) -> None:
    if role in MAY[action]:
        permissions.require(role, action)
    else:
        with pytest.raises(RoleInsufficient):
            permissions.require(role, action)


def allowed(check: object, *arguments: object, **options: object) -> bool:
    try:
        check(*arguments, **options)  # type: ignore[operator]
    except RoleInsufficient:
        return False
    return True


@pytest.mark.parametrize("actor", Role)
@pytest.mark.parametrize("given", Role)
def test_people_come_in_below_the_one_who_brings_them(actor: Role, given: Role) -> None:
    expected = actor in {OWNER, ADMIN} and given > actor

    for action in (Action.ADD_PARTICIPANT, Action.INVITE):
        assert allowed(permissions.require_may_bring, actor, given, action) is expected


@pytest.mark.parametrize("actor", Role)
@pytest.mark.parametrize("target", Role)
def test_owners_stand_above_anybody_and_others_above_those_below_them(actor: Role, target: Role) -> None:
    expected = actor is OWNER or (actor in {ADMIN, MODERATOR} and target > actor)

    for action in (Action.REMOVE_PARTICIPANT, Action.MUTE_PARTICIPANT, Action.BAN_PARTICIPANT):
        assert allowed(permissions.require_over, actor, target, action) is expected


@pytest.mark.parametrize("actor", Role)
@pytest.mark.parametrize("target", Role)
@pytest.mark.parametrize("given", Role)
def test_roles_of_others_are_changed_below_ones_own(actor: Role, target: Role, given: Role) -> None:
    expected = actor is OWNER or (actor is ADMIN and target > ADMIN and given > ADMIN)

    assert allowed(permissions.require_may_change, actor, target, given, is_self=False) is expected


@pytest.mark.parametrize("own", Role)
@pytest.mark.parametrize("given", Role)
def test_everybody_may_step_down_and_only_owners_stand_above_themselves(own: Role, given: Role) -> None:
    assert allowed(permissions.require_may_change, own, own, given, is_self=True) is (given >= own)
