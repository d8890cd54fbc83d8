"""Access tokens: signed here, read by anybody who has the key set."""

from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from chassis.crypto import Box
from chassis.database import Transaction
from chassis.ids import is_uuid, uuid7
from services.auth.domain import keys
from services.auth.model.accounts import Account, AccountId, role_names
from services.auth.model.errors import TokenInvalid
from services.auth.model.sessions import ACCESS_LIFETIME, Claims, RefreshToken, Session, SessionId, Tokens

AUDIENCE = "messaging"
_REQUIRED = ["iss", "aud", "sub", "sid", "jti", "typ", "iat", "exp"]


@dataclass(frozen=True)
class Mint:
    """Makes and reads the tokens of one installation; `issuer` is its public address."""

    issuer: str
    box: Box

    def tokens(
        self, tx: Transaction, account: Account, session: Session, refresh: RefreshToken, *, issued_at: datetime
    ) -> Tokens:
        """Put together what a client gets; the access token says what the account may do at this moment."""
        key_id, key = keys.signer(tx, self.box)
        expires_at = issued_at + ACCESS_LIFETIME
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": account.account_id,
            "sid": session.session_id,
            "jti": uuid7(),
            "typ": "access",
            "roles": role_names(account.roles),
            # With the fraction: a login right after "log out everywhere" in the same second is a later one.
            "iat": issued_at.timestamp(),
            "exp": int(expires_at.timestamp()),
        }
        access = jwt.encode(claims, key, algorithm=keys.ALGORITHM, headers={"kid": key_id})
        return Tokens(access, str(refresh), expires_at.replace(microsecond=0), session)

    def read(self, tx: Transaction, token: str) -> Claims:
        """Check an access token's signature, issuer, audience, type and time. Raises: TokenInvalid."""
        try:
            claims = jwt.decode(
                token,
                keys.find_public(tx, jwt.get_unverified_header(token).get("kid")),
                algorithms=[keys.ALGORITHM],
                issuer=self.issuer,
                audience=AUDIENCE,
                options={"require": _REQUIRED, "verify_iat": False},
            )
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise TokenInvalid() from error
        if claims["typ"] != "access" or not all(is_uuid(str(claims[name])) for name in ("sub", "sid")):
            raise TokenInvalid()
        return Claims(AccountId(claims["sub"]), SessionId(claims["sid"]), expires_at)
