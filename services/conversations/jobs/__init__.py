"""What the worker of this service does."""
