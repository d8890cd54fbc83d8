"""gRPC in: each servicer method parses, calls and converts."""
