"""Alembic migrations of the notifications service."""
