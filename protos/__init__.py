"""The contract between the services: protobuf definitions and the generator of their Python stubs."""
