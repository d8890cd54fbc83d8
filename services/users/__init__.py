"""Users: what people show of themselves, and whether they are there.

Owns profiles (the username is auth's; this is a copy), privacy, blocks and contacts in PostgreSQL and presence in
Redis. Serves messaging.users.v1.Profiles, Presences, PrivacySettings, Blocks and Contacts. Emits ProfileUpdated,
PrivacyChanged, UserBlocked, UserUnblocked, ContactAdded, ContactRemoved and SightChanged, and live PresenceChanged;
consumes auth's AccountRegistered, EmailVerified, AccountSuspended and AccountRestored, and of its own what makes cached
profiles wrong.
"""
