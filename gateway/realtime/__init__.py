"""Sockets: their life, the frames they carry, fan-out of what happened, and resuming where a connection broke off."""
