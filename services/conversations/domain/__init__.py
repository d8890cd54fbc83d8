"""The verbs, one file per noun: each a plain function that runs in one transaction."""
