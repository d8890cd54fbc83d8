"""Privacy and blocks as those feel them who look: each sees what they may, at once, whatever is cached."""

import base64
import uuid
from typing import Any

import pytest
from redis.asyncio import Redis

from messaging.users.v1 import presences_pb2
from messaging.users.v1 import privacy_pb2 as pb
from messaging.users.v1.profiles_pb2 import (
    PRESENCE_STATE_OFFLINE,
    PRESENCE_STATE_ONLINE,
    GetProfileRequest,
    ListProfilesRequest,
    Presence,
    Profile,
    SearchProfilesRequest,
)
from tests.integration.users.conftest import Users
from tests.support.factories.profiles import user_id

EVERYONE, CONTACTS, NOBODY = pb.AUDIENCE_EVERYONE, pb.AUDIENCE_CONTACTS, pb.AUDIENCE_NOBODY

pytestmark = pytest.mark.usefixtures("redis_client")


class Looking:
    """Every way in which somebody can look at Ada, whose first name nobody else has."""

    def __init__(self, users: Users, ada: Profile) -> None:
        self.users, self.ada = users, ada

    async def _listed(self, rpc: Any, request: Any, by: str, roles: str) -> Profile | None:
        answer = await self.users.ask(rpc, request, by=by, roles=roles)
        return next((profile for profile in answer.profiles if profile.user_id == self.ada.user_id), None)

    async def everywhere(self, by: str, roles: str = "") -> dict[str, Profile | None]:
        """Ada as each list shows her, found by what everybody knows of her."""
        users, name = self.users, self.ada.username
        return {
            "get": await self.users.get(self.ada.user_id, by=by) if not roles else None,
            "list": await self._listed(users.profiles.ListProfiles, ListProfilesRequest(query=name), by, roles),
            "search": await self._listed(users.profiles.SearchProfiles, SearchProfilesRequest(query=name), by, roles),
            "online": await self._listed(users.presences.ListOnline, presences_pb2.ListOnlineRequest(), by, roles),
            "online only": await self._listed(
                users.profiles.ListProfiles, ListProfilesRequest(query=name, online_only=True), by, roles
            ),
        }

    async def presences(self, by: str, roles: str = "") -> list[Presence]:
        """Ada's presence from everywhere, those lists left out that do not show her."""
        request = presences_pb2.GetPresenceRequest(user_ids=[self.ada.user_id])
        [asked] = (await self.users.ask(self.users.presences.GetPresence, request, by=by, roles=roles)).presences
        found = await self.everywhere(by, roles)
        return [asked, *(profile.presence for profile in found.values() if profile is not None)]

    async def by_last_name(self, by: str) -> bool:
        """Whether she is found by what only some may see."""
        users, name = self.users, self.ada.last_name
        listed = await self._listed(users.profiles.ListProfiles, ListProfilesRequest(query=name), by, "")
        found = await self._listed(users.profiles.SearchProfiles, SearchProfilesRequest(query=name), by, "")
        assert (listed is None) == (found is None)
        return listed is not None


@pytest.fixture
async def ada(users: Users) -> Profile:
    made = await users.join(last_name="z" + uuid.uuid4().hex[:10])
    changed = await users.update(made.user_id, bio="Engines", display_name="Ada")
    await users.beat(made.user_id)
    return changed


@pytest.fixture
async def eve(users: Users) -> str:
    return (await users.join()).user_id


@pytest.fixture
def look(users: Users, ada: Profile) -> Looking:
    return Looking(users, ada)


def is_open(presence: Presence) -> bool:
    return presence.state == PRESENCE_STATE_ONLINE and presence.HasField("seen_time")


def is_closed(presence: Presence) -> bool:
    return presence.state == PRESENCE_STATE_OFFLINE and not presence.HasField("seen_time")


# -- the profile -------------------------------------------------------------------------------------------------------


async def test_a_hidden_profile_shows_only_how_to_address_its_owner(
    users: Users, ada: Profile, eve: str, look: Looking
) -> None:
    # Cached before.
    assert (await users.get(ada.user_id, by=eve)).bio == "Engines"
    assert await look.by_last_name(eve)
    await users.choose(ada.user_id, profile_visibility=NOBODY)

    found = await look.everywhere(eve)

    hidden = Profile(user_id=ada.user_id, username=ada.username, display_name="Ada", is_hidden=True)
    hidden.presence.CopyFrom(Presence(user_id=ada.user_id, state=PRESENCE_STATE_OFFLINE))
    assert found == {"get": hidden, "list": hidden, "search": hidden, "online": None, "online only": None}
    assert not await look.by_last_name(eve)
    assert all(map(is_closed, await look.presences(eve)))


async def test_the_person_and_admins_see_everything(users: Users, ada: Profile, eve: str, look: Looking) -> None:
    await users.choose(
        ada.user_id, profile_visibility=NOBODY, show_online=False, show_last_seen=False, searchable=False
    )
    await users.block(eve, by=ada.user_id)

    for by, roles in ((ada.user_id, ""), (eve, "admin")):
        found = await look.everywhere(by, roles)
        shown = {name: profile.bio for name, profile in found.items() if profile is not None}
        assert set(shown.values()) == {"Engines"}
        assert set(shown) >= {"list", "search", "online", "online only"}
        assert all(map(is_open, await look.presences(by, roles)))
    assert not any(list((await look.everywhere(eve, "moderator")).values()))


async def test_contacts_are_those_whom_the_person_added(users: Users, ada: Profile, eve: str, look: Looking) -> None:
    await users.choose(ada.user_id, profile_visibility=CONTACTS)
    # One-sided: that Eve knows Ada opens nothing.
    await users.know(ada.user_id, by=eve)
    assert (await users.get(ada.user_id, by=eve)).is_hidden

    await users.know(eve, by=ada.user_id)
    assert {profile.bio for profile in (await look.everywhere(eve)).values() if profile} == {"Engines"}
    assert await look.by_last_name(eve)
    assert all(map(is_open, await look.presences(eve)))
    assert (await users.get(ada.user_id, by=(await users.join()).user_id)).is_hidden

    await users.block(eve, by=ada.user_id)
    assert (await users.get(ada.user_id, by=eve)).is_hidden
    assert not await look.by_last_name(eve)
    await users.unblock(eve, by=ada.user_id)
    await users.forget(eve, by=ada.user_id)
    assert (await users.get(ada.user_id, by=eve)).is_hidden


async def test_a_choice_is_effective_for_the_next_reader(users: Users, ada: Profile, eve: str) -> None:
    for audience, is_hidden in [(NOBODY, True), (EVERYONE, False)] * 10:
        await users.choose(ada.user_id, profile_visibility=audience)
        assert (await users.get(ada.user_id, by=eve)).is_hidden == is_hidden


async def test_whose_profile_is_the_same_for_all_is_shown_from_the_cache(users: Users, ada: Profile, eve: str) -> None:
    async def cost() -> int:
        request = GetProfileRequest(user_id=ada.user_id)
        costs = [(await users.bill(users.profiles.GetProfile, request, by=eve))[1].queries for _ in range(6)]
        return min(costs)

    assert await cost() == 0
    # Whoever blocks somebody is looked up for each viewer.
    await users.block((await users.join()).user_id, by=ada.user_id)
    assert await cost() == 2
    assert not (await users.get(ada.user_id, by=eve)).is_hidden


# -- presence ----------------------------------------------------------------------------------------------------------


async def test_who_hides_being_online_is_offline_for_others(
    users: Users, ada: Profile, eve: str, look: Looking
) -> None:
    assert all(map(is_open, await look.presences(eve)))
    await users.choose(ada.user_id, show_online=False)

    # When they were last seen would tell the same.
    assert all(map(is_closed, await look.presences(eve)))
    found = await look.everywhere(eve)
    assert (found["online"], found["online only"]) == (None, None)
    assert found["get"] == found["list"] == found["search"]
    assert found["get"] is not None
    assert found["get"].bio == "Engines"


async def test_who_hides_when_they_were_there_still_shows_that_they_are(
    users: Users, ada: Profile, eve: str, look: Looking
) -> None:
    await users.choose(ada.user_id, show_last_seen=False)

    presences = await look.presences(eve)

    assert len(presences) == 6
    assert {(presence.state, presence.HasField("seen_time")) for presence in presences} == {
        (PRESENCE_STATE_ONLINE, False)
    }


async def test_the_blocked_see_the_profile_and_no_presence(users: Users, ada: Profile, eve: str, look: Looking) -> None:
    assert all(map(is_open, await look.presences(eve)))
    before = await users.get(ada.user_id, by=eve)
    await users.block(eve, by=ada.user_id)

    assert all(map(is_closed, await look.presences(eve)))
    found = await look.everywhere(eve)
    assert (found["online"], found["online only"]) == (None, None)
    # Nothing else tells them.
    after = found["get"]
    assert after is not None
    before.ClearField("presence")
    after.ClearField("presence")
    assert after == before
    # It is between the two.
    assert all(map(is_open, await look.presences((await users.join()).user_id)))

    await users.unblock(eve, by=ada.user_id)
    assert all(map(is_open, await look.presences(eve)))


async def test_services_that_ask_for_themselves_learn_the_truth(users: Users, ada: Profile) -> None:
    await users.choose(ada.user_id, show_online=False, profile_visibility=NOBODY)

    request = presences_pb2.GetPresenceRequest(user_ids=[ada.user_id])
    [presence] = (await users.ask(users.presences.GetPresence, request)).presences

    assert is_open(presence)


async def test_presence_of_many_takes_the_same_queries(users: Users, eve: str) -> None:
    people = [(await users.join()).user_id for _ in range(5)]
    await users.beat(*people, stranger := user_id())
    for asked in (people[:1], [*people, stranger]):
        request = presences_pb2.GetPresenceRequest(user_ids=asked)
        answer, meter = await users.bill(users.presences.GetPresence, request, by=eve)
        assert ([presence.user_id for presence in answer.presences], meter.queries) == (asked, 2)
        # Of whom nothing is known, nothing is told.
        assert all(is_closed(presence) == (presence.user_id == stranger) for presence in answer.presences)


async def test_page_tokens_do_not_name_those_who_hide(users: Users, eve: str, redis_client: Redis) -> None:
    people = [(await users.join()).user_id for _ in range(4)]
    for person in people:
        await users.beat(person)
    await users.choose(people[2], show_online=False)

    seen, token = [], ""
    while True:
        request = presences_pb2.ListOnlineRequest(page_size=1, page_token=token)
        page, meter = await users.bill(users.presences.ListOnline, request, by=eve)
        assert meter.queries == 2
        seen += [profile.user_id for profile in page.profiles]
        token = page.next_page_token
        if not token:
            break
        assert people[2].encode() not in base64.b64decode(token + "===", altchars=b"-_")

    assert seen == [people[3], people[1], people[0]]


# -- being found -------------------------------------------------------------------------------------------------------


async def test_who_is_not_searchable_is_in_no_list(users: Users, ada: Profile, eve: str, look: Looking) -> None:
    await users.choose(ada.user_id, searchable=False)

    found = await look.everywhere(eve)
    own = await look.everywhere(ada.user_id)

    # Who has their id, as from a conversation, still sees who it is.
    assert [name for name, profile in found.items() if profile is not None] == ["get"]
    assert None not in own.values()


async def test_lists_take_the_same_queries_whatever_people_choose(
    users: Users, ada: Profile, eve: str, look: Looking
) -> None:
    await users.choose(ada.user_id, profile_visibility=CONTACTS)
    await users.block((await users.join()).user_id, by=ada.user_id)

    _, listed = await users.bill(users.profiles.ListProfiles, ListProfilesRequest(query=ada.username), by=eve)
    _, found = await users.bill(users.profiles.SearchProfiles, SearchProfilesRequest(query=ada.username), by=eve)

    assert (listed.queries, found.queries) == (2, 3)
