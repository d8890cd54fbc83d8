"""Users: what people show of themselves, and whether they are there.

Owns profiles (the username is auth's; this is a copy) in PostgreSQL and presence in Redis. Serves
messaging.users.v1.Profiles and Presences. Emits ProfileUpdated; consumes auth's AccountRegistered, EmailVerified,
AccountSuspended and AccountRestored, and its own ProfileUpdated to drop cached profiles.
"""
