"""The tables of auth and their queries; nothing above speaks SQL.

Locks are taken in one order: the set of admins, accounts, sessions, signing keys.
"""
