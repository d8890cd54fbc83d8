"""What notifications remember: SQL and nothing else."""
