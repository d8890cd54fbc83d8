"""The door for external clients: REST and WebSocket in, gRPC to the services, events from NATS to sockets.

Owns nothing durable. Every rule that decides about data stands in a service; here are translation, composition,
verification of access tokens, admission, and the documentation of the API.
"""

__version__ = "0.1.0"
