"""The schema's history; `python -m services.conversations migrate` applies it."""
