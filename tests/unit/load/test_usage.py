import os
import subprocess
import sys

from tests.load import usage


def test_cost_is_counted_by_group_and_shared_among_what_was_done() -> None:
    spinning = "import time; begun = time.process_time()\nwhile time.process_time() < begun + 0.1: pass\ninput()"
    with subprocess.Popen([sys.executable, "-c", "input();" + spinning], stdin=subprocess.PIPE) as child:
        accounts = usage.Accounts(lambda: {"child": [child.pid], "nobody": []})
        assert child.stdin is not None
        child.stdin.write(b"\n")
        child.stdin.flush()
        while (spent := accounts.milliseconds_each(10))["child"] < 9:
            pass
        child.stdin.close()
        child.kill()

    assert spent["nobody"] == 0


def test_memory_is_read_with_its_peak() -> None:
    rss, pss = usage.memory_kib(os.getpid())

    assert 0 < pss <= rss
    assert usage.peak_kib(os.getpid()) > 0
