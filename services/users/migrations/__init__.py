"""Alembic migrations of the users service."""
