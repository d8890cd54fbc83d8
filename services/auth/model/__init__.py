"""The nouns of auth with their rules; no I/O."""
