"""Each part of the platform under load by itself: `make load SERVICE=…`."""
