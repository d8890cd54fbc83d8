"""What notifications are about: the nouns and their rules, without any I/O."""
