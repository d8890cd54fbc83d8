import itertools

import pytest
from google.protobuf.message import Message

from messaging.auth.v1.sessions_pb2 import CreateSessionRequest
from messaging.conversations.v1.conversations_pb2 import ListChangesRequest
from messaging.conversations.v1.messages_pb2 import ListMessagesRequest, SendMessagesRequest
from messaging.users.v1.profiles_pb2 import GetUsersRequest
from tests.load import alone, bench, calls, history
from tests.load.alone import __main__ as command


def test_the_bench_measures_everything_unless_told_what() -> None:
    options = bench.arguments().parse_args([])

    assert options.measures == []
    assert (options.rounds, options.crowd, options.sockets) == (3, 1000, 5000)
    assert list(bench.measures(options)) == ["send", "paced", "reading", "fanout", "deaf", "idle"]


def test_the_bench_takes_measures_and_their_sizes() -> None:
    options = bench.arguments().parse_args(["idle", "send", "--sockets", "100", "--in-flight", "8", "128"])

    assert (options.measures, options.sockets, options.in_flight) == (["idle", "send"], 100, [8, 128])


def test_a_load_needs_a_part_that_there_is() -> None:
    assert command.arguments().parse_args(["gateway"]).service == "gateway"
    for wrong in ([], ["kitchen"], ["auth", "--seconds", "long"]):
        with pytest.raises(SystemExit):
            command.arguments().parse_args(wrong)


def test_every_service_can_be_loaded_alone() -> None:
    assert {*command.SERVICES, "gateway"} == {"auth", "users", "conversations", "notifications", "gateway"}
    assert alone.__doc__


def _first(asked: calls.Asked, count: int) -> list[tuple[str, Message]]:
    return list(itertools.islice(asked, count))


def test_batches_go_over_the_rooms_in_turn_each_item_under_a_key_of_its_own() -> None:
    rooms = [("room one", "ada"), ("room two", "grace"), ("room three", "edsger")]

    [(caller, first), (_, second)] = _first(calls.sends(rooms, 2), 2)

    assert isinstance(first, SendMessagesRequest)
    assert isinstance(second, SendMessagesRequest)
    items = [*first.items, *second.items]
    assert caller == ""
    assert [(item.conversation_id, item.sender_id) for item in items] == [*rooms, rooms[0]]
    assert len({item.client_message_id for item in items}) == 4


def test_requests_are_made_for_whom_they_say() -> None:
    [(reader, page)] = _first(calls.pages("room", "ada", [51], 50), 1)
    [(other, change)] = _first(calls.changes("room", "ada", 7), 1)
    [(nobody, login)] = _first(calls.logins(["ada@example.org"], "secret"), 1)
    [_, (_, lookup)] = _first(calls.lookups(["a", "b", "c"], 2), 2)

    assert (reader, page) == ("ada", ListMessagesRequest(conversation_id="room", before_seq=51, page_size=50))
    assert (other, change) == ("ada", ListChangesRequest(conversation_id="room", after_rev=7))
    assert nobody == ""
    assert isinstance(login, CreateSessionRequest)
    assert lookup == GetUsersRequest(user_ids=["c", "a"])


def test_pages_lie_within_the_history_and_are_the_same_every_time() -> None:
    places = history.places(200)

    assert places == history.places(200)
    assert all(history.PAGE < place <= history.LENGTH for place in places)
