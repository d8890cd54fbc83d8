"""`python -m tests.load.search`: how long a search takes over a million messages, by the kind of what is looked for.

Fills a PostgreSQL of its own (see tests/load/corpus.py), then searches as a member of 100 conversations, alone and four
at a time, through the domain and the database as the service does; gRPC and the gateway come on top. Prints p50 and p99
of each kind, what PostgreSQL spends on one, and with --plans how it went about it.
"""

import argparse
import asyncio
import itertools
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import text

from chassis.database import Database, Transaction
from chassis.events import Outgoing
from deploy.local.stack import Stack
from services.conversations.domain import search
from services.conversations.model.ids import UserId
from services.conversations.model.search import Found, parse
from tests.load.corpus import Corpus
from tests.load.figures import quantile


class Searches:
    """Searches of the corpus's reader."""

    def __init__(self, database: Database, corpus: Corpus) -> None:
        self._database = database
        self._reader = UserId(corpus.reader)

    def once(self, query: str, *, watch: Callable[[Transaction], None] = lambda _: None) -> tuple[float, Found]:
        """Search; returns the milliseconds with it."""
        begun = time.perf_counter()
        with self._database.transaction(10.0) as tx:
            watch(tx)
            found = search.find(
                tx, query=parse(query), member_id=self._reader, conversation_id=None, place=None, size=50
            )
        return (time.perf_counter() - begun) * 1000, found

    def measure(self, queries: list[str], rounds: int, at_once: int) -> tuple[float, float]:
        """p50 and p99 of all queries together."""
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(self.once, queries))
            taken = [milliseconds for milliseconds, _ in threads.map(self.once, queries * rounds)]
        return quantile(taken, 0.5), quantile(taken, 0.99)

    def cpu(self, queries: list[str]) -> float:
        """Milliseconds of a core that PostgreSQL spends on a search in the middle: steady on a busy machine, too."""
        with self._database.transaction(10.0) as tx:
            spent = Path("/proc", str(tx.execute(text("select pg_backend_pid()")).scalar_one()), "schedstat")
        taken: list[float] = []
        for query in queries * 3:
            before = int(spent.read_text().split()[0])
            self.once(query)
            taken.append((int(spent.read_text().split()[0]) - before) / 1e6)
        return quantile(taken, 0.5)

    def plan(self, query: str) -> str:
        """How PostgreSQL finds the window."""
        plans: list[str] = []

        def watch(tx: Transaction) -> None:
            execute = tx.execute

            def explained(statement: Any, parameters: Any = None) -> Any:
                if "found as materialized" in str(statement):
                    explain = text(f"explain (analyze, buffers, costs off) {statement}")
                    plans.append("\n".join(row[0] for row in execute(explain, parameters)))
                return execute(statement, parameters)

            tx.execute = explained  # type: ignore[method-assign]

        self.once(query, watch=watch)
        return "\n".join(re.sub(r"'\{[0-9a-f,-]+\}'", "'{…}'", plan) for plan in plans)


def kinds(words: list[str]) -> Mapping[str, list[str]]:
    """What people look for, by how much there is of it; `words` begins with the most frequent."""
    total = len(words)
    rare = [words[total * part // 40] for part in range(20, 40)]
    middling = words[600:1000:20]
    frequent = words[60:160:5]
    ever = words[:20:2]
    return {
        "rare word": rare,
        "middling word": middling,
        "frequent word": frequent,
        "very frequent word": ever,
        "two words": [f"{one} {other}" for one, other in zip(middling, frequent, strict=True)],
        "rare phrase": [f'"{one} {other}"' for one, other in zip(middling, rare, strict=True)],
        "frequent phrase": [f'"{one} {other}"' for one, other in itertools.pairwise(ever)],
        "word of each": [f'"{one} {other}"' for one, other in zip(ever, frequent, strict=False)],
        "excluded": [f"{one} -{other}" for one, other in zip(frequent, ever * 2, strict=True)],
        "operators": [
            *(f"{word} has:link" for word in frequent[:5]),
            *(f"{word} after:2026-06-01 before:2026-09-01" for word in middling[:5]),
            *(f'{word} in:"Room 1"' for word in frequent[:5]),
            "has:link",
            "is:important",
        ],
        "mistyped word": [_mistyped(word) for word in (*frequent, *middling) if len(word) > 5],
        "nothing": ["qqqqzzzz", "xyzzyqwrt foo", '"the of the of"'],
    }


def _mistyped(word: str) -> str:
    return word[:3] + word[4] + word[3] + word[5:]


def prepare(stack: Stack, corpus: Corpus) -> Database:
    """Fill the database and have it ready as after some days: analysed, its words learned."""
    owner = stack.database_url("conversations", owner=True)
    begun = time.perf_counter()
    with closing(psycopg2.connect(owner)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        # An index that is made at once takes seconds; one that grows with a million messages takes minutes.
        cursor.execute("select indexdef from pg_indexes where indexname = 'messages_search'")
        [index] = cursor.fetchone() or [""]
        cursor.execute("drop index messages_search")
        corpus.fill(owner)
        cursor.execute(index)
        cursor.execute("vacuum analyze")
    database = Database(stack.database_url("conversations"), service="conversations", encode=_refuse)
    learned = True
    while learned:
        with database.transaction(30.0) as tx:
            learned = search.learn(tx)
    print(f"filled in {time.perf_counter() - begun:.0f} s; the reader may read {corpus.share:.0%}\n", flush=True)
    return database


def _refuse(event: object) -> Outgoing:
    raise AssertionError("a search tells nobody of anything")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10, help="how often each query is repeated")
    parser.add_argument("--plans", action="store_true", help="print the plan of the first query of each kind")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="search-"))
    stack = Stack.private(directory, {})
    try:
        stack.start_servers()
        corpus = Corpus(options.messages)
        database = asyncio.run(_within_a_loop(stack, corpus))
        searches = Searches(database, corpus)
        for kind, queries in kinds(corpus.words).items():
            alone, four = searches.measure(queries, options.rounds, 1), searches.measure(queries, options.rounds, 4)
            cpu = searches.cpu(queries)
            print(
                f"{kind:<20} alone p50 {alone[0]:6.1f}  p99 {alone[1]:6.1f} ms    "
                f"four at a time p50 {four[0]:6.1f}  p99 {four[1]:6.1f} ms    CPU {cpu:5.1f} ms",
                flush=True,
            )
            if options.plans:
                print(searches.plan(queries[0]), end="\n\n")
    finally:
        stack.stop()
        shutil.rmtree(directory)
    return 0


async def _within_a_loop(stack: Stack, corpus: Corpus) -> Database:
    return prepare(stack, corpus)


if __name__ == "__main__":
    sys.exit(main())
