"""Who may do what on the whole platform: roles, suspension, the first admin."""

from collections.abc import Set
from dataclasses import replace

from chassis.database import Transaction
from services.auth.domain import sessions
from services.auth.model.accounts import Account, AccountId, Role, State, role_names
from services.auth.model.errors import AccountNotFound, AdminExists, LastAdmin
from services.auth.model.events import AccountRestored, AccountSuspended, RoleChanged
from services.auth.store import accounts as store


def set_roles(tx: Transaction, *, actor_id: AccountId, account_id: AccountId, roles: Set[Role]) -> Account:
    """Replace an account's roles and end its sessions; without a difference nothing happens.

    Raises: PlatformRoleInsufficient, AccountNotFound, LastAdmin. Emits: RoleChanged, SessionRevoked.
    """
    admins = store.lock_admins(tx)
    # From the database, not from the token: whoever lost a role a moment ago has lost it.
    store.get(tx, actor_id).require_any_role(Role.ADMIN)
    account = store.lock(tx, account_id)
    changed = replace(account, roles=frozenset(roles))
    if changed.roles == account.roles:
        return account
    _require_another_admin(admins, changed)
    _save_roles(tx, account, changed, "account.roles_changed")
    return changed


def suspend(tx: Transaction, *, actor_id: AccountId, account_id: AccountId, comment: str) -> Account:
    """Keep an account from being used and end its sessions; one that is suspended stays as it is.

    Raises: PlatformRoleInsufficient, AccountNotFound, LastAdmin. Emits: AccountSuspended, SessionRevoked.
    """
    admins = store.lock_admins(tx)
    account = _governed(tx, actor_id, account_id)
    if account.state is State.SUSPENDED:
        return account
    suspended = replace(account, state=State.SUSPENDED)
    _require_another_admin(admins, suspended)
    _save_state(tx, account, suspended, "account.suspended", comment)
    tx.emit(AccountSuspended(account_id))
    sessions.revoke_all(tx, account_id)
    return suspended


def restore(tx: Transaction, *, actor_id: AccountId, account_id: AccountId) -> Account:
    """Let a suspended account log in again; one that is active stays as it is.

    Raises: PlatformRoleInsufficient, AccountNotFound. Emits: AccountRestored.
    """
    store.lock_admins(tx)
    account = _governed(tx, actor_id, account_id)
    if account.state is State.ACTIVE:
        return account
    restored = replace(account, state=State.ACTIVE)
    _save_state(tx, account, restored, "account.restored", "")
    tx.emit(AccountRestored(account_id))
    return restored


def require_no_admin(tx: Transaction) -> None:
    """Raises: AdminExists."""
    if store.lock_admins(tx):
        raise AdminExists()


def appoint_first_admin(tx: Transaction, *, address: str) -> Account:
    """Make the account with a folded address the first admin; works once in the life of an installation.

    Raises: AdminExists, AccountNotFound, AccountSuspended. Emits: RoleChanged, SessionRevoked.
    """
    require_no_admin(tx)
    found = store.find_by_address(tx, address)
    if found is None:
        raise AccountNotFound()
    account = store.lock(tx, found.account_id)
    account.require_active()
    appointed = replace(account, roles=account.roles | {Role.ADMIN})
    _save_roles(tx, account, appointed, "account.first_admin_appointed")
    return appointed


def _governed(tx: Transaction, actor_id: AccountId, account_id: AccountId) -> Account:
    actor = store.get(tx, actor_id)
    # Before the account is looked for: without the role nobody learns which ids exist.
    actor.require_any_role(Role.MODERATOR, Role.ADMIN)
    account = store.lock(tx, account_id)
    actor.require_may_govern(account)
    return account


def _require_another_admin(admins: Set[AccountId], changed: Account) -> None:
    if not changed.has_any_role(Role.ADMIN) and admins == {changed.account_id}:
        raise LastAdmin()


def _save_roles(tx: Transaction, before: Account, after: Account, action: str) -> None:
    store.save_roles(tx, after)
    tx.emit(RoleChanged(after))
    tx.audit(
        action,
        "account",
        after.account_id,
        before={"roles": role_names(before.roles)},
        after={"roles": role_names(after.roles)},
    )
    sessions.revoke_all(tx, after.account_id)


def _save_state(tx: Transaction, before: Account, after: Account, action: str, comment: str) -> None:
    store.save_state(tx, after)
    tx.audit(
        action,
        "account",
        after.account_id,
        before={"state": before.state.value},
        after={"state": after.state.value, **({"comment": comment} if comment else {})},
    )
