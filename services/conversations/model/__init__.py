"""The nouns of conversations and their rules, without any I/O."""
