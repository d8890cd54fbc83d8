"""What the conversations service remembers, in PostgreSQL. Locks are taken here: conversations by id, then the rest."""
