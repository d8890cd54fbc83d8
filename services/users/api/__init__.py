"""gRPC into the users service: parse, call, convert."""
