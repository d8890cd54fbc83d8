"""Registration, and reading accounts."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from chassis.database import Transaction
from services.auth.model.accounts import (
    DEFAULT_LOCALE,
    Account,
    AccountId,
    Applicant,
    Role,
    name_of,
    username_of,
)
from services.auth.model.errors import (
    AccountNotFound,
    EmailInvalid,
    EmailTaken,
    RegistrationClosed,
    UsernameTaken,
)
from services.auth.model.events import AccountRegistered
from services.auth.model.passwords import PasswordHash, PasswordRules
from services.auth.store import accounts as store


@dataclass(frozen=True)
class Admission:
    """Whom this installation takes, and with which passwords."""

    is_open: bool
    passwords: PasswordRules

    def examine(
        self, *, email: str, username: str, password: str, first_name: str, last_name: str, locale: str
    ) -> Applicant:
        """Apply all rules that need no database, before the costly part.

        Raises: RegistrationClosed, EmailInvalid, UsernameInvalid, PasswordLength, PasswordCommon.
        """
        if not self.is_open:
            raise RegistrationClosed()
        address = _address(email)
        if address is None:
            raise EmailInvalid()
        folded = username_of(username)
        self.passwords.check(password, email=email, username=folded)
        return Applicant(address, folded, name_of(first_name), name_of(last_name), locale or DEFAULT_LOCALE)


def register(tx: Transaction, *, account_id: AccountId, applicant: Applicant, password_hash: PasswordHash) -> Account:
    """Create an account; of several with one address or username the first stays.

    Raises: EmailTaken, UsernameTaken. Emits: AccountRegistered, which asks for the first verification mail, too.
    """
    account = store.add(tx, account_id, applicant, password_hash)
    if account is None:
        raise EmailTaken() if store.find_by_address(tx, applicant.email.lower()) else UsernameTaken()
    tx.emit(AccountRegistered(account))
    tx.audit("account.registered", "account", account_id, after={"email": account.email, "username": account.username})
    return account


def get(tx: Transaction, *, reader_id: AccountId, account_id: AccountId) -> Account:
    """Read the reader's own account or, for moderators and admins, any. Raises: AccountNotFound."""
    if reader_id != account_id and not store.get(tx, reader_id).has_any_role(Role.MODERATOR, Role.ADMIN):
        raise AccountNotFound()
    return store.get(tx, account_id)


def fold_address(email: str) -> str:
    """The form in which addresses are compared; what is no address stays as it is and matches nothing."""
    address = _address(email)
    return email if address is None else address.lower()


def _address(email: str) -> str | None:
    try:
        # The ASCII form: what mail servers take, and no two addresses that only look alike.
        return validate_email(email, check_deliverability=False, allow_smtputf8=False, strict=True).ascii_email
    except EmailNotValidError:
        return None
