"""What a search finds, in which order, and what it shows of it."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.call import Meter
from chassis.ids import uuid7_at
from chassis.rpc.status import RemoteFailure
from deploy.local import ports
from deploy.local.stack import Stack
from messaging.conversations.v1 import search_pb2 as pb
from messaging.conversations.v1.search_pb2_grpc import SearchStub
from services.conversations.store import search as store
from tests.integration.conversations.conftest import Service, running
from tests.integration.conversations.marks import Marks
from tests.integration.conversations.searching import learn, page, refusal, texts
from tests.support.factories.messages import item


async def told(service: Service, sender: str, group: str, *contents: str) -> None:
    """Say several things, the first first."""
    await service.send(*(item(sender, group, content) for content in contents))


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("We are running the tests", "run"),
        ("We will run the tests", "Running"),
        ("Wir haben die Häuser gesehen", "Haus"),
        ("Das ist nicht die größere Lösung", "LÖSUNGEN"),
        ("Je ne sais pas où sont les chevaux légers", "léger"),
        ("No sé dónde están las canciones", "canción"),
        ("Non so dove sono le informazioni che cerco", "informazione"),
        ("Não sei onde estão os meninos", "menino"),
        ("Ik weet niet waar de boeken zijn", "boek"),
        ("Я не знаю, где эти сообщения", "сообщение"),
        ("漢字 かな", "漢字"),
    ],
)
async def test_a_word_is_found_in_its_other_forms(
    service: Service, pair: tuple[str, str], content: str, query: str
) -> None:
    group = await service.group(*pair)
    await told(service, pair[0], group, "Something else", content)
    assert await texts(service, query, by=pair[1]) == [content]


@pytest.mark.parametrize(
    ("content", "query"),
    [
        ("Meet me at the Café", "cafe"),
        ("Meet me at the cafe", "CAFÉ"),
        ("Cafe\u0301 in two characters", "café"),
        ("see https://example.org/a_b?c=d for more", "example.org"),
        ("see https://example.org/a_b?c=d for more", "https://example.org/a_b"),
        ("write to ada@example.org", "ada@example.org"),
        ("an e-mail", "e-mail"),
        ("an e-mail", "mail"),
        ("<b>bold</b> and <script>alert(1)</script>", "bold"),
        ("if a<b and c>d", "c"),
        ("version 3.14 of it", "3.14"),
        ("to be or not to be", '"to be or not"'),
        ("path/to/file_name.txt", "file_name"),
        ("don't", "don't"),
    ],
)
async def test_what_is_typed_exactly_is_found(
    service: Service, pair: tuple[str, str], content: str, query: str
) -> None:
    group = await service.group(*pair)
    await told(service, pair[0], group, "Something else", content)
    assert await texts(service, query, by=pair[1]) == [content]


async def test_operators_narrow_what_is_found(service: Service, marks: Marks) -> None:
    ada, ben = await service.people(2)
    await service.rows("update people set username = :name where user_id = :id", name=f"ada-{ada}"[:32], id=ada)
    engine = await service.group(ada, ben, title="Engine room")
    bridge = await service.group(ben, ada, title="100% bridge_deck")
    await told(service, ada, engine, "plan one", "plan two, see http://example.org", "plain words")
    await told(service, ben, bridge, "plan three")
    pinned = await service.say(ben, bridge, "plan four")
    await marks.pin(pinned.message_id, by=ben)
    await service.say(ada, bridge, "plan five", is_important=True)
    old = await service.say(ada, engine, "plan six")
    # Ids carry their time, too.
    then = datetime.now(UTC) - timedelta(days=400)
    statement = "update messages set created_at = :at, id = :new_id where id = :id"
    await service.rows(statement, at=then, new_id=uuid7_at(then + timedelta(milliseconds=old.seq)), id=old.message_id)

    async def found(query: str) -> set[str]:
        return {text.removeprefix("plan ").split(",")[0] for text in await texts(service, query, by=ada)}

    assert await found(f"plan from:@{f'ada-{ada}'[:32]}") == {"one", "two", "five", "six"}
    assert await found("plan from:me in:engine") == {"one", "two", "six"}
    assert await found("plan from:nobody-of-this-name") == set()
    assert await found('plan in:"bridge_deck"') == {"three", "four", "five"}
    assert await found("plan in:100%") == {"three", "four", "five"}
    assert await found("plan in:_") == {"three", "four", "five"}
    assert await found("plan has:link") == {"two"}
    assert await found("has:link") == {"two"}
    assert await found("is:pinned") == {"four"}
    assert await found("is:important plan") == {"five"}
    assert await found("has:attachment") == set()
    today = datetime.now(UTC).date()
    assert await found(f"plan before:{today - timedelta(days=30)}") == {"six"}
    assert await found(f"in:engine before:{today - timedelta(days=30)}") == {"six"}
    assert await found(f"plan after:{today - timedelta(days=30)} in:engine") == {"one", "two"}
    assert await found("plan -two -six from:me") == {"one", "five"}
    assert await found('"plan two"') == {"two"}
    assert await found('"two plan"') == set()
    assert await found('plan -"plan one" in:engine') == {"two", "six"}
    assert await found("in:engine") == {"one", "two", "plain words", "six"}


async def test_a_conversation_is_searched_alone(service: Service) -> None:
    ada, ben, eve = await service.people(3)
    one, other = await service.group(ada, ben), await service.group(ada, ben)
    await told(service, ada, one, "plan here")
    await told(service, ada, other, "plan there")
    assert await texts(service, "plan", by=ben, conversation_id=one) == ["plan here"]
    assert await texts(service, "plan in:somewhere-else", by=ben, conversation_id=one) == ["plan here"]
    assert await refusal(service, "plan", by=eve, conversation_id=one) == "CONVERSATION_NOT_FOUND"
    assert await refusal(service, "plan in:x", by=eve, conversation_id=one) == "CONVERSATION_NOT_FOUND"
    assert await texts(service, "plan", by=eve) == []


async def test_better_matches_come_first_and_newer_ones_among_equals(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    await told(service, pair[0], group, "a plan", "a plan", "a plan of plans")
    long_ago = await service.say(pair[0], group, "a plan of plans")
    await service.age(long_ago.message_id, "3 years")
    await told(service, pair[0], group, "a long message with many other words, in which there is one plan only")
    hits = (await page(service, "plan", by=pair[1])).hits
    assert [hit.message.seq for hit in hits] == [3, 5, 2, 1, 4]


async def test_an_excerpt_shows_what_matches_as_text(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    content = "<b>Häuser</b> & Haus <img src=x onerror=alert(1)> " + "filler " * 60 + "Häuser"
    await service.say(pair[0], group, f"Das ist nicht die Zeit: {content}")
    [hit] = (await page(service, "haus", by=pair[1])).hits
    assert [run.text for run in hit.excerpt if run.match] == ["Häuser", "Haus"]
    shown = "".join(run.text for run in hit.excerpt)
    assert shown.removesuffix("…") in hit.message.content
    assert "</b> & " in [run.text for run in hit.excerpt]


async def test_whoever_mistypes_a_word_finds_what_is_like_it(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    await told(service, pair[0], group, "The quixotical marzipan arrived", "Nothing of the kind")
    await learn(service)
    for query in ("quixotcal", "quixotical marzpian", "marzip", "QUIXOTÍCL"):
        found = await page(service, query, by=pair[1])
        assert [hit.message.seq for hit in found.hits] == [1], query
        assert found.approximate
    exact = await page(service, "quixotical", by=pair[1])
    assert (exact.approximate, len(exact.hits)) == (False, 1)
    assert await texts(service, "-quixotcal kind", by=pair[1]) == ["Nothing of the kind"]


async def test_words_of_others_help_nobody_to_find_out_what_others_write(service: Service) -> None:
    ada, ben, eve = await service.people(3)
    await told(service, ada, await service.group(ada, ben), "The zanzibarian project")
    own = await service.group(eve, ada)
    await told(service, eve, own, "unrelated")
    await learn(service)
    found = await page(service, "zanzibarain", by=eve)
    assert (list(found.hits), found.next_page_token) == ([], "")


async def test_a_word_is_forgotten_with_the_last_message_that_holds_it(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    sent = await service.say(pair[0], group, "flibbertigibbet")
    await learn(service)
    known = "select word from search_words where word = 'flibbertigibbet'"
    assert await service.rows(known)
    await service.delete(sent.message_id, by=pair[0])
    # A round checks some of the rare words, wherever the one before it ended.
    for _ in range(100):
        await learn(service)
        if not await service.rows(known):
            return
    pytest.fail("the word is known still")


async def test_pages_go_on_through_every_window_without_repeating(
    service: Service, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await service.group(*pair)
    for begin in range(0, 60, 20):
        await told(
            service, pair[0], group, *(f"plan {number}" + " plan" * (number % 3) for number in range(begin, begin + 20))
        )
    monkeypatch.setattr(store, "_INDEX_WINDOW", 25)
    monkeypatch.setattr(store, "_AGE_WINDOW", 25)
    for query in ("plan", "from:me", '"plan plan"'):
        seqs: list[int] = []
        token = ""
        while True:
            found = await page(service, query, by=pair[0], page_size=7, page_token=token)
            seqs += [hit.message.seq for hit in found.hits]
            assert len(found.hits) <= 7
            assert found.previous_page_token == ""
            token = found.next_page_token
            if not token:
                break
        wanted = {number + 1 for number in range(60) if query != '"plan plan"' or number % 3 == 2}
        assert sorted(seqs) == sorted(wanted)
        # What stands in a newer window comes before all of the older.
        assert min(seqs[:7]) > max(seqs[-7:]) - 25


async def test_what_is_rare_among_much_is_found_by_age_too(
    service: Service, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await service.group(*pair)
    await told(service, pair[0], group, "needle", *(f"hay {number}" for number in range(40)))
    monkeypatch.setattr(store, "_GLANCE", 0)
    monkeypatch.setattr(store, "_DEPTH", 15)
    found: list[int] = []
    token, pages = "", 0
    while True:
        answer = await page(service, "needle", by=pair[0], page_token=token)
        found += [hit.message.seq for hit in answer.hits]
        token, pages = answer.next_page_token, pages + 1
        if not token or found:
            break
    assert found == [1]
    assert pages > 2


async def test_a_token_belongs_to_its_search_and_person(service: Service, pair: tuple[str, str]) -> None:
    group = await service.group(*pair)
    await told(service, pair[0], group, "plan a", "plan b")
    token = (await page(service, "plan", by=pair[0], page_size=1)).next_page_token
    assert await refusal(service, "plans", by=pair[0], page_token=token) == "INVALID_PAGE_TOKEN"
    assert await refusal(service, "plan", by=pair[1], page_token=token) == "INVALID_PAGE_TOKEN"
    assert await refusal(service, "plan", by=pair[0], page_token=token, conversation_id=group) == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize("query", [":*", "!", '"', "-a", "is:maybe", "before:never", "x" * 900 + " y" * 45])
async def test_what_cannot_be_looked_for_is_refused(service: Service, pair: tuple[str, str], query: str) -> None:
    assert await refusal(service, query, by=pair[0]) == "SEARCH_INVALID"


@pytest.mark.parametrize(
    "query",
    [
        "a:* & b | !c", "foo <-> bar", "'", "\\", "\x00plan", "a\x00b", "%", "_x", "$1 %s %(x)s :name {0}", "²",
        "x" * 1000, "\u202eevil", "plan \ud7ff", "(" * 300 + "a", "has:link has:link", "from:me from:me",
        'a" b', "in:'",
    ],
)  # fmt: skip
async def test_odd_input_is_words_or_refused(service: Service, pair: tuple[str, str], query: str) -> None:
    request = pb.SearchMessagesRequest(query=query)
    try:
        found = await service.ask(service.channel.stub(SearchStub).SearchMessages, request, by=pair[0])
    except RemoteFailure as refused:
        reason = refused.reason
    else:
        reason = "" if not found.hits else "found"
    assert reason in {"", "SEARCH_INVALID", "INVALID_REQUEST"}


async def bill(service: Service, query: str, by: str) -> Meter:
    request = pb.SearchMessagesRequest(query=query)
    _, meter = await service.bill(service.channel.stub(SearchStub).SearchMessages, request, by=by)
    return meter


async def test_a_search_costs_a_handful_of_statements_however_much_it_finds(
    service: Service, pair: tuple[str, str]
) -> None:
    for _ in range(5):
        group = await service.group(*pair)
        await told(service, pair[0], group, *(f"plan number {number}" for number in range(20)))
    # Begin, what is meant and where, how to go about it, the messages; for one's own how far they came.
    assert (await bill(service, "plan", pair[1])).queries <= 5
    assert (await bill(service, "plan", pair[0])).queries <= 6
    # The same again for words that are like it.
    assert (await bill(service, "plaan numbre", pair[1])).queries <= 9


async def test_who_searches_too_often_has_to_wait(infra: Stack, service: Service, pair: tuple[str, str]) -> None:
    settings = {"listen": f"127.0.0.1:{ports.free()}", "metrics_listen": "", "search_limit": "2/60"}
    async with running(infra, **settings) as limited:
        assert [len(await texts(limited, "plan", by=pair[0])) for _ in range(2)] == [0, 0]
        assert await refusal(limited, "plan", by=pair[0]) == "RATE_LIMITED"
        assert await texts(limited, "plan", by=pair[1]) == []
