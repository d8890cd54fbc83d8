"""The tables of the users service, beside those that every service has."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnClause,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    literal_column,
    text,
)

metadata = MetaData()

profiles = Table(
    "profiles",
    metadata,
    Column("user_id", Uuid(as_uuid=False), primary_key=True),
    # A copy: that it is unique is auth's to see to, and an event that came late must not fail here.
    Column("username", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("first_name", Text, nullable=False),
    Column("last_name", Text, nullable=False),
    Column("bio", Text, nullable=False, server_default=""),
    # Sealed by the crypto box for (profiles, column, user_id); empty for none.
    Column("phone", LargeBinary, nullable=False, server_default=""),
    Column("date_of_birth", LargeBinary, nullable=False, server_default=""),
    Column("is_verified", Boolean, nullable=False, server_default="false"),
    Column("is_bot", Boolean, nullable=False, server_default="false"),
    Column("is_suspended", Boolean, nullable=False, server_default="false"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("version", BigInteger, nullable=False, server_default="1"),
    Column("profile_visibility", SmallInteger, nullable=False, server_default="1"),
    Column("is_online_shown", Boolean, nullable=False, server_default="true"),
    Column("is_last_seen_shown", Boolean, nullable=False, server_default="true"),
    Column("is_receipt_shared", Boolean, nullable=False, server_default="true"),
    Column("is_typing_shared", Boolean, nullable=False, server_default="true"),
    Column("who_can_message", SmallInteger, nullable=False, server_default="1"),
    Column("is_searchable", Boolean, nullable=False, server_default="true"),
    # Kept by whoever changes relations, so that the many who block nobody are shown without looking there.
    Column("has_blocks", Boolean, nullable=False, server_default="false"),
)

# Blocks and contacts.
relations = Table(
    "relations",
    metadata,
    Column("user_id", Uuid(as_uuid=False), nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("other_id", Uuid(as_uuid=False), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("user_id", "kind", "other_id"),
    Index("relations_latest", "user_id", "kind", "created_at", "other_id"),
    # Who has somebody among their contacts.
    Index("relations_knowing", "other_id", postgresql_where=text("kind = 2")),
)

# All by which a person is found. Spelt as PostgreSQL spells it, so that Alembic sees that they are the same; the index
# serves only queries that contain exactly this.
names: ColumnClause[str] = literal_column(
    "lower((((((username || ' ') || display_name) || ' ') || first_name) || ' ') || last_name)", Text
)
# Those of them that are shown to everybody.
public_names: ColumnClause[str] = literal_column("lower((username || ' ') || display_name)", Text)

Index("profiles_username", profiles.c.username, profiles.c.user_id)
Index("profiles_created_at", profiles.c.created_at, profiles.c.user_id)
Index(
    "profiles_names",
    names.label("names"),
    postgresql_using="gin",
    postgresql_ops={"names": "gin_trgm_ops"},
    _table=profiles,
)
