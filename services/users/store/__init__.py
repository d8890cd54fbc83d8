"""What the users service remembers: SQL in PostgreSQL, presence and cached profiles in Redis.

Redis is asked from the event loop, briefly, outside of transactions; nothing in it is needed to be right.
"""

from services.users.store import audiences, cache, presences, profiles, relations

__all__ = ["audiences", "cache", "presences", "profiles", "relations"]
