"""What auth does by itself, without being asked."""
