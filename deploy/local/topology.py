"""Which processes there are, and which service may call which."""

SERVICES = ("auth", "users", "conversations", "notifications")
# Services with background work of their own.
WORKING = ("conversations", "notifications")
WORKERS = tuple(f"{service}-worker" for service in WORKING)
BEAT, GATEWAY = "beat", "gateway"
# What is started for those who bring none of their own.
SERVERS = ("postgres", "nats", "redis", "mailbox")

# Callee -> callers. What a caller may call is each method's own allow-list; this decides who has an address and a
# credential at all.
CALLERS = {
    "auth": ("gateway", "users", "conversations", "notifications"),
    "users": ("gateway", "auth", "conversations", "notifications"),
    "conversations": ("gateway", "users", "notifications"),
    "notifications": ("gateway", "auth", "conversations"),
}
# What the search of these services needs. Only a superuser may be relied on to create an extension.
EXTENSIONS = {"users": ("pg_trgm",), "conversations": ("pg_trgm", "unaccent")}


def service_of(process: str) -> str:
    """The service whose secrets a process holds: a worker is part of its service."""
    return process.removesuffix("-worker")
