"""gRPC in: parse, call, convert."""
