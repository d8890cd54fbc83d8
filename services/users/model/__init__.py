"""The nouns of the users service and their rules; no I/O."""
