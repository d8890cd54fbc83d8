"""The verbs of notifications: synchronous, each within one transaction."""
