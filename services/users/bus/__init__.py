"""Events of the users service, out and in."""
