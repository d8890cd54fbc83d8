"""The verbs of auth: plain functions, each inside one transaction."""
