"""How often somebody may try what costs much or could be guessed; all closed while Redis is down."""

import hashlib
from dataclasses import dataclass

from chassis.limits import Limit, RateLimiter


@dataclass(frozen=True)
class Limits:
    """The limits of this service; addresses of mail go to Redis as digests."""

    limiter: RateLimiter
    login: Limit
    login_ip: Limit
    register_ip: Limit
    resend: Limit

    async def admit_login(self, address: str, ip: str) -> None:
        """Raises: RateLimited, DependencyUnavailable."""
        await self.limiter.check(self.login_ip, ip)
        await self.limiter.check(self.login, hashlib.sha256(address.encode()).hexdigest())

    async def admit_registration(self, ip: str) -> None:
        """Raises: RateLimited, DependencyUnavailable."""
        await self.limiter.check(self.register_ip, ip)

    async def admit_resend(self, account_id: str) -> None:
        """Raises: RateLimited, DependencyUnavailable."""
        await self.limiter.check(self.resend, account_id)
