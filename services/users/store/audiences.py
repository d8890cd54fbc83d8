"""Who learns what of whose presence: many viewers of many people at once."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Uuid, select, text, union
from sqlalchemy.sql import column

from chassis.database import Transaction
from services.users.model.profiles import UserId
from services.users.model.sight import Viewer
from services.users.store import sight
from services.users.store.tables import profiles

_ID = Uuid(as_uuid=False)
# Of the people who have somebody among their contacts so many are told of each change.
_MOST_CONTACTS = 500
_NAMED = text("select unnest(cast(:user_ids as uuid[])) as user_id, unnest(cast(:viewer_ids as uuid[])) as viewer_id")
# Contacts are relations of kind 2, spelt out for the index that has only these.
_KNOWING = text("""
    select named.id as user_id, knowing.user_id as viewer_id
      from unnest(cast(:named_ids as uuid[])) as named(id)
     cross join lateral (
        select user_id from relations where other_id = named.id and kind = 2 limit :most
     ) as knowing
""")


def sights(
    tx: Transaction, *, viewer_ids: Mapping[UserId, Sequence[UserId]]
) -> dict[tuple[UserId, bool, bool], list[UserId]]:
    """Group the viewers, and those who know a person, by the person and by whether they see presence and last seen."""
    pairs = [(user_id, viewer_id) for user_id, viewers in viewer_ids.items() for viewer_id in viewers]
    columns = column("user_id", _ID), column("viewer_id", _ID)
    named = _NAMED.bindparams(user_ids=[one for one, _ in pairs], viewer_ids=[one for _, one in pairs])
    knowing = _KNOWING.bindparams(named_ids=list(viewer_ids), most=_MOST_CONTACTS)
    asked = union(named.columns(*columns), knowing.columns(*columns)).subquery("asked")
    # Each row's own viewer, whom the conditions compare like any other.
    viewer = Viewer(cast(UserId, asked.c.viewer_id))
    statement = select(
        asked.c.user_id,
        asked.c.viewer_id,
        sight.is_online_shown(viewer).label("shows_online"),
        sight.is_last_seen_shown(viewer).label("shows_last_seen"),
    ).join(profiles, profiles.c.user_id == asked.c.user_id)
    found: dict[tuple[UserId, bool, bool], list[UserId]] = {}
    row: Any
    for row in tx.execute(statement):
        found.setdefault((row.user_id, row.shows_online, row.shows_last_seen), []).append(row.viewer_id)
    return found
