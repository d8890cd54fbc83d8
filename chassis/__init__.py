"""What every process needs and no business word: servers, transactions, events, settings, logs.

This package imports nothing by itself, so that a process loads only what it uses.
"""
