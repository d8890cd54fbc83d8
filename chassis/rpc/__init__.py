"""gRPC on both sides: servers that enforce the contract's own rules, clients that carry who asks and how long."""
