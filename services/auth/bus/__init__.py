"""JetStream: what auth tells, and what it hears."""
