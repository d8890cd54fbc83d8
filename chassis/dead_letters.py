"""`python -m services.<name> dead list | replay <number>… | replay all`: what a service's consumer gave up."""

import sys
from collections.abc import Sequence

from chassis.database import delivery
from chassis.database.engine import Connection, make_engine

USAGE = "dead list | dead replay <number>… | dead replay all"


def run(database_url: str, arguments: Sequence[str]) -> int:
    """Do what the operator asks for; returns the exit code.

    What is replayed is taken up by the running service within seconds, ahead of what waits behind it; if it fails
    again it is dead again, under the same number.
    """
    engine = make_engine(database_url, pool_size=0, process="dead-letters")
    try:
        with engine.begin() as connection:
            match arguments:
                case ["list"]:
                    return _list(connection)
                case ["replay", "all"]:
                    return _replay(connection, [letter.n for letter in delivery.dead(connection)])
                case ["replay", *numbers] if numbers and all(number.isdecimal() for number in numbers):
                    return _replay(connection, [int(number) for number in numbers])
    finally:
        engine.dispose()
    sys.stderr.write(f"usage: {USAGE}\n")
    return 2


def _list(connection: Connection) -> int:
    for letter in delivery.dead(connection):
        sys.stdout.write(f"{letter.n}  {letter.consumer}  {letter.subject}  {letter.event_id}  {letter.error}\n")
    return 0


def _replay(connection: Connection, numbers: Sequence[int]) -> int:
    revived = delivery.revive(connection, numbers)
    for number in numbers:
        sys.stdout.write(f"{number} {'is tried again' if number in revived else 'is not on the list'}\n")
    return 0 if revived.issuperset(numbers) else 1
