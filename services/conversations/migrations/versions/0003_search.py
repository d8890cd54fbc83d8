"""Full-text search: words in the forms of each message's language, and a vocabulary for those who mistype them."""

from alembic import op

revision = "0003"
down_revision = "0002"

# In the order of the numbers in model/languages.py, from 1 on.
_LANGUAGES = ("english", "german", "french", "spanish", "italian", "portuguese", "dutch", "russian")
# Words of ASCII alone have no accent to take off.
_ASCII, _OTHERS = "asciiword, asciihword, hword_asciipart", "word, hword, hword_part"

# Dictionaries of our own, which keep the words that PostgreSQL leaves out: a phrase needs them, and what is a filler in
# one language is none in another.
_LANGUAGE = """
    create text search dictionary search_{name}_stem (template = snowball, language = {name});
    create text search configuration search_{name} (copy = pg_catalog.{name});
    alter text search configuration search_{name} alter mapping for {ascii} with search_{name}_stem;
    alter text search configuration search_{name} alter mapping for {others} with unaccent, search_{name}_stem;
"""
# Functions that are one expression, so that they become part of the statement. The names in them are looked up now:
# a restore runs without a search path.
_FUNCTIONS = """
    create text search configuration search_simple (copy = pg_catalog.simple);
    alter text search configuration search_simple alter mapping for {others} with unaccent, simple;

    create function search_config(language smallint) returns regconfig language sql immutable parallel safe
    return case language {configurations} else 'search_simple'::regconfig end;

    -- Signs that make tags, addresses, paths, entities and signed numbers, which the parser would take for one word.
    create function search_text(content text) returns text language sql immutable parallel safe
    return translate(content, '</.-+&', '      ');

    -- No word holds a colon, so that none can be mistaken for a mark.
    create function search_vector(
        language smallint, content text, is_important boolean, is_pinned boolean
    ) returns tsvector language sql immutable parallel safe
    return case when is_important or is_pinned or strpos(content, '://') > 0
        then to_tsvector(search_config(language), search_text(content))
            || array_to_tsvector(array_remove(array[
                case when strpos(content, '://') > 0 then 'has:link' end,
                case when is_important then 'is:important' end,
                case when is_pinned then 'is:pinned' end], null))
        else to_tsvector(search_config(language), search_text(content)) end;

    -- What a term is in the index, in whichever language a message has it; null without a word.
    create function search_forms(term text) returns tsquery language sql immutable parallel safe
    return (
        select string_agg(distinct '(' || form::text || ')', ' | ')::tsquery
        from (values (phraseto_tsquery('search_simple', search_text(term))), {forms}) as forms(form)
        where numnode(form) > 0);

    alter table messages add language smallint not null default 0;
    alter table messages
        add search tsvector generated always as (search_vector(language, content, is_important, is_pinned)) stored;
    create index messages_search on messages using gin (search);

    create table search_words (word text collate "C" primary key, uses integer not null) with (fillfactor = 80);
    create index search_words_similar on search_words using gin (word gin_trgm_ops);
    create table search_progress (learned_id uuid primary key, checked_word text not null);
    insert into search_progress values ('00000000-0000-0000-0000-000000000000', '');
"""


def upgrade() -> None:
    op.execute("create extension if not exists unaccent")
    op.execute("create extension if not exists pg_trgm")
    for name in _LANGUAGES:
        op.execute(_LANGUAGE.format(name=name, ascii=_ASCII, others=_OTHERS))
    op.execute(
        _FUNCTIONS.format(
            others=_OTHERS,
            configurations=" ".join(
                f"when {n} then 'search_{name}'::regconfig" for n, name in enumerate(_LANGUAGES, 1)
            ),
            forms=", ".join(f"(phraseto_tsquery('search_{name}', search_text(term)))" for name in _LANGUAGES),
        )
    )


def downgrade() -> None:
    op.drop_table("search_progress")
    op.drop_table("search_words")
    op.drop_column("messages", "search")
    op.drop_column("messages", "language")
    op.execute("""
        drop function search_forms(text);
        drop function search_vector(smallint, text, boolean, boolean);
        drop function search_text(text);
        drop function search_config(smallint);
    """)
    for name in ("simple", *_LANGUAGES):
        op.execute(f"drop text search configuration search_{name}")
    for name in _LANGUAGES:
        op.execute(f"drop text search dictionary search_{name}_stem")
