import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from chassis import logs
from chassis.call import Call, serving


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert isinstance(line, dict)
    return line


def test_a_line_names_level_time_module_process_and_thread(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auth")
    with serving(Call(request_id="r1", traceparent=f"00-{'a' * 32}-{'b' * 16}-01")):
        structlog.get_logger("x").info("happened", n=1)
    line = last_line(capsys)
    assert {"timestamp", "process", "thread_name", "module"} <= line.keys()
    assert (line["event"], line["level"], line["service"], line["n"]) == ("happened", "info", "auth", 1)
    assert (line["request_id"], line["trace_id"]) == ("r1", "a" * 32)


def test_third_party_lines_look_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auth")
    logging.getLogger("somebody").warning("hello %s", "you")
    line = last_line(capsys)
    assert (line["event"], line["level"], line["service"]) == ("hello you", "warning", "auth")


@pytest.mark.parametrize("key", ["password", "refresh", "api_token", "client_secret", "Authorization", "content"])
def test_values_that_look_like_secrets_are_masked(capsys: pytest.CaptureFixture[str], key: str) -> None:
    logs.configure("auth")
    structlog.get_logger("x").warning("careful", **{key: "hunter2"})
    assert "hunter2" not in capsys.readouterr().out


def test_text_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auth", log_format="text")
    structlog.get_logger("x").info("happened")
    assert "happened" in capsys.readouterr().out


def test_a_line_break_in_a_value_makes_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auth")
    structlog.get_logger("x").info("happened", name="a\nb")
    assert len(capsys.readouterr().out.strip().splitlines()) == 1


def test_the_level_holds(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auth", level="WARNING")
    structlog.get_logger("x").info("quiet")
    assert capsys.readouterr().out == ""
    logs.configure("auth", level="WARNING", debug=True)
    structlog.get_logger("x").debug("loud")
    assert "loud" in capsys.readouterr().out
