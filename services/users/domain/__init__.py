"""The verbs of the users service.

What changes is a synchronous function in one transaction. What only reads goes through Redis first, so it is
asynchronous and opens a transaction only for what it did not find there.
"""
