"""PostgreSQL: transactions that carry their events, and the tables every service has.

Synchronous SQLAlchemy Core on psycopg2, run in worker threads: psycopg2 releases the GIL while it waits.
"""

from chassis.database import arrays
from chassis.database.database import Database
from chassis.database.once import Once
from chassis.database.reading import Prepared, Reading
from chassis.database.transaction import Transaction

__all__ = ["Database", "Once", "Prepared", "Reading", "Transaction", "arrays"]
