"""Texts of every odd kind: stored as they are, or refused for a documented reason."""

import pytest

from messaging.conversations.v1 import messages_pb2 as pb
from tests.integration.conversations.conftest import Service, reasons
from tests.support.factories.messages import edit_request, item

ODD = [
    "a\u202eb\u2066c\u2069",
    "\u200b\u200d\ufeff",
    "e" + "\u0301" * 1000,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "<script>alert(1)</script> &lt; {{7*7}} ${x} %s '; drop table messages; --",
    "`[x](javascript:alert(1))`",
    "[x](https://example.org/?a=b&c=%00)",
    "@" * 10_000,
    "``" * 8_000,
    "[" * 16_000,
    "\r\n\t> quote",
    "🚀" * 16_000,
]
BAD = {
    "a\x01b": "MESSAGE_CONTENT_INVALID",
    "a\x9bb": "MESSAGE_CONTENT_INVALID",
    "[x](javascript:alert(1))": "MESSAGE_CONTENT_INVALID",
    "[x](data:text/html;base64,PHNjcmlwdD4=)": "MESSAGE_CONTENT_INVALID",
    " \n\u2003": "MESSAGE_CONTENT_INVALID",
    "": "MESSAGE_CONTENT_INVALID",
    "x" * 16_001: "MESSAGE_TOO_LONG",
    " ".join(f"@person{n}" for n in range(51)): "TOO_MANY_MENTIONS",
}


async def test_odd_texts_are_stored_as_they_are(service: Service, pair: tuple[str, str], group: str) -> None:
    results = await service.send(*(item(pair[0], group, content) for content in ODD))

    assert reasons(results) == [""] * len(ODD)
    assert [message.content for message in await service.history(group, by=pair[1])] == ODD


async def test_bad_texts_are_refused_and_spoil_no_others(service: Service, pair: tuple[str, str], group: str) -> None:
    results = await service.send(*(item(pair[0], group, content) for content in (*BAD, "good")))

    assert reasons(results) == [*BAD.values(), ""]
    assert [message.content for message in await service.history(group, by=pair[1])] == ["good"]


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
async def test_an_edit_keeps_the_same_rules(service: Service, pair: tuple[str, str], group: str, content: str) -> None:
    message = await service.say(pair[0], group)
    request = edit_request(message.message_id, content)

    assert await service.refusal(service.messages.EditMessage, request, by=pair[0]) == BAD[content]
    assert [found.rev for found in await service.history(group, by=pair[1])] == [message.rev]


async def test_ten_thousand_names_are_too_many_and_one_name_ten_thousand_times_is_one(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    many = " ".join(f"@{n}" for n in range(2_500))
    once = "@all " * 3_000
    refused, stored = await service.send(item(pair[0], group, many), item(pair[0], group, once))

    assert reasons([refused, stored]) == ["TOO_MANY_MENTIONS", ""]
    assert stored.message.mentions_all


async def test_a_batch_of_plain_messages_still_costs_four_statements(
    service: Service, pair: tuple[str, str], group: str
) -> None:
    request = pb.SendMessagesRequest(items=[item(pair[n % 2], group, f"{n} **bold**") for n in range(60)])
    _, meter = await service.bill(service.messages.SendMessages, request)

    # Lock, check, write, tell; the other one begins the transaction.
    assert meter.queries == 1 + 4


async def test_an_edit_mentions_anew(service: Service, pair: tuple[str, str]) -> None:
    author, member = pair
    [stranger] = await service.people(1)
    group = await service.group(author, member)
    names = {author: "ada-e", member: "bob-e", stranger: "eve-e"}
    unique = group[-12:]
    for user_id, name in names.items():
        await service.rows(
            "update people set username = :name where user_id = :id", id=user_id, name=f"{name}-{unique}"
        )
    message = await service.say(author, group, f"Hello @bob-e-{unique}")
    assert list(message.mentioned_ids) == [member]

    edited = await service.edit(
        message.message_id, f"Hello @ADA-e-{unique} @eve-e-{unique} and @all, not `@bob-e-{unique}`", by=author
    )
    assert (list(edited.mentioned_ids), edited.mentions_all) == ([author], True)
    marked = pb.EditMessageRequest(message_id=message.message_id, is_important=True)
    marked.update_mask.paths.append("is_important")
    kept = (await service.ask(service.messages.EditMessage, marked, by=author)).message
    assert (list(kept.mentioned_ids), kept.mentions_all) == ([author], True)
