import subprocess
import sys

import pytest
from pydantic import ValidationError

from chassis.failpoints import POINTS, Failpoint
from chassis.settings import ServiceSettings

GIVEN = {"database_url": "d", "nats_url": "n", "redis_url": "r", "secret_key": "s" * 32}


def settings(**values: object) -> ServiceSettings:
    return ServiceSettings(**GIVEN, **values)  # type: ignore[arg-type]


def killed(text: str, visits: int, method: str = "") -> tuple[int, int]:
    """How often a process gets past a place before it dies, and its exit code."""
    program = f"""
from chassis import failpoints
from chassis.call import Call, serving
failpoints.arm({text!r})
with serving(Call(method={method!r})):
    for visit in range({visits}):
        print("before", flush=True)
        failpoints.reached("after_commit")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    return done.stdout.count("before\n"), done.returncode


def test_the_nth_visit_kills() -> None:
    assert killed("after_commit:3", 5) == (3, -9)


def test_another_place_or_none_does_nothing() -> None:
    assert killed("before_commit:1", 5) == (5, 0)
    assert killed("", 5) == (5, 0)


def test_a_place_may_be_that_of_one_call() -> None:
    assert killed("after_commit@Messages.SendMessages:2", 5, "Messages.SendMessages") == (2, -9)
    assert killed("after_commit@Messages.SendMessages:2", 5, "Messages.EditMessage") == (5, 0)


def test_chance_strikes_about_as_often_as_it_says() -> None:
    point = Failpoint.read("before_publish:0.25")
    assert 2000 < sum(point.is_due("before_publish", "anything") for _ in range(10_000)) < 3000
    assert point.visits == 10_000


@pytest.mark.parametrize("text", ["", *(f"{point}:0.1" for point in POINTS), "after_commit@consumer:12"])
def test_what_can_be_armed(text: str) -> None:
    assert settings(failpoint=text, debug=True).failpoint == text


@pytest.mark.parametrize("text", ["nowhere:1", "after_commit", "after_commit:0", "after_commit:1.5", "after_commit@:1"])
def test_what_cannot_be_armed_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        settings(failpoint=text, debug=True)


def test_nothing_is_armed_in_earnest() -> None:
    with pytest.raises(ValidationError, match="FAILPOINT needs DEBUG"):
        settings(failpoint="after_commit:1")
