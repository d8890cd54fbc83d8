"""Who may log in, and as what.

Owns accounts (address, username, password hash, roles, state), sessions with their families of refresh tokens,
revocations, the keys that sign access tokens, and the audit trail of all services.
RPCs: messaging.auth.v1.Accounts and Sessions. Events out: AccountRegistered, VerificationRequested, EmailVerified,
AccountSuspended, AccountRestored, RoleChanged, SessionRevoked. Events in: AuditRecorded of the other services.
"""
