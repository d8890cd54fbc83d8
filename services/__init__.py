"""The four services; each owns its database and knows the others only by their contract."""
