"""What a viewer sees of a person, as conditions on a row of profiles; only here is said what privacy and blocks mean.

In SQL because lists filter by it.
"""

from sqlalchemy import ColumnElement, and_, case, exists, or_, true

from services.users.model.privacy import Audience
from services.users.model.profiles import UserId
from services.users.model.relations import Relation
from services.users.model.sight import Viewer
from services.users.store.tables import names, profiles, public_names, relations


def is_found(viewer: Viewer) -> ColumnElement[bool]:
    """Whether lists and search show the person."""
    return true() if viewer.is_admin else or_(profiles.c.is_searchable, _is_self(viewer))


def is_profile_shown(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer sees more than the names by which people are addressed."""
    return true() if viewer.is_admin else or_(_is_self(viewer), _is_profile_open(viewer))


def is_online_shown(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer sees that the person is online."""
    return true() if viewer.is_admin else or_(_is_self(viewer), _is_online_open(viewer))


def is_last_seen_shown(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer sees when the person was last there: of somebody online that would tell the same."""
    if viewer.is_admin:
        return true()
    return or_(_is_self(viewer), and_(profiles.c.is_last_seen_shown, _is_online_open(viewer)))


def known_names(viewer: Viewer) -> ColumnElement[str]:
    """The names by which the viewer may find the person: a hidden one must not be guessed letter by letter."""
    return names if viewer.is_admin else case((is_profile_shown(viewer), names), else_=public_names)


def _is_self(viewer: Viewer) -> ColumnElement[bool]:
    return profiles.c.user_id == viewer.user_id


def _is_profile_open(viewer: Viewer) -> ColumnElement[bool]:
    visibility = profiles.c.profile_visibility
    is_contact = and_(_is(Relation.CONTACT, viewer.user_id), ~_is_blocked(viewer))
    return or_(visibility == Audience.EVERYONE, and_(visibility == Audience.CONTACTS, is_contact))


def _is_online_open(viewer: Viewer) -> ColumnElement[bool]:
    return and_(profiles.c.is_online_shown, ~_is_blocked(viewer), _is_profile_open(viewer))


def _is_blocked(viewer: Viewer) -> ColumnElement[bool]:
    return and_(profiles.c.has_blocks, _is(Relation.BLOCKED, viewer.user_id))


def _is(relation: Relation, other_id: UserId) -> ColumnElement[bool]:
    mine = and_(relations.c.user_id == profiles.c.user_id, relations.c.kind == relation)
    return exists().where(mine, relations.c.other_id == other_id).correlate_except(relations)
