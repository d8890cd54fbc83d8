"""gRPC in: one file for each proto service."""
