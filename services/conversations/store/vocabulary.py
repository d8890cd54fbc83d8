"""The words that messages hold: for those who mistype one, or have not typed all of it yet."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.database import Transaction

# Rarer words are forgotten with the last message that holds them; of the others it tells nothing that somebody did.
_RARE = 10
_NEIGHBOURS = 10
# With the words of a batch that are letters throughout: numbers, keys and addresses are nothing to guess.
_LEARN = text("""
    with batch as (select id, content from messages where id > :after_id and id < :until_id order by id limit :count),
    told as (
        select word, count(*) as uses
        from batch, unnest(tsvector_to_array(to_tsvector('search_simple', search_text(content)))) as word
        where word ~ '^[[:alpha:]]{4,32}$' group by word),
    learned as (
        insert into search_words as known (word, uses) select word, uses from told order by word
        on conflict (word) do update set uses = known.uses + excluded.uses)
    select count(*), (select id from batch order by id desc limit 1) from batch
""")
_PROGRESS = text("select learned_id, checked_word from search_progress for update skip locked")
_NOTE_LEARNED = text("update search_progress set learned_id = :learned_id")
_NOTE_CHECKED = text("update search_progress set checked_word = :checked_word")
_FORGET = text("""
    with rare as materialized (
        select word from search_words where word > :after_word and uses <= :rare order by word limit :count),
    forgotten as (
        delete from search_words using rare
        where search_words.word = rare.word and not exists (
            select from messages m where m.search @@ search_forms(rare.word) and m.deleted_at is null))
    select word from rare order by word desc limit 1
""")
# Those that begin with the word, the most used first; where none does, those that are about as much like it as any.
_NEAR = text("""
    select (
        select string_agg(distinct search_forms(word)::text, ' | ') from (
            select word from (
                select word, uses, begins, likeness, bool_or(begins) over () as is_begun, max(likeness) over () as best
                from (select s.word, s.uses, s.word ^@ typed.word as begins, similarity(s.word, typed.word) as likeness
                      from search_words s
                      where s.word % typed.word or (s.word >= typed.word and s.word < typed.word || chr(1114111))
                     ) as candidates
                ) as judged
            where case when is_begun then begins else likeness >= 0.8 * best end
            order by case when begins then 0 else -likeness end, uses desc limit :neighbours) as near)
    from (select lower(unaccent(term)) as word, n
          from unnest(cast(:terms as text[])) with ordinality as terms(term, n)) as typed
    order by n
""")


def near(tx: Transaction, terms: Sequence[str]) -> list[str]:
    """For each word the forms of those that begin with it or look like it, whoever wrote them; empty for none."""
    if not terms:
        return []
    return [forms or "" for forms in tx.execute(_NEAR, {"terms": list(terms), "neighbours": _NEIGHBOURS}).scalars()]


def claim(tx: Transaction) -> tuple[str, str] | None:
    """Up to where messages were learned and words were checked; nothing while somebody else is at it."""
    row = tx.execute(_PROGRESS).one_or_none()
    return None if row is None else (row[0], row[1])


def learn(tx: Transaction, after_id: str, until_id: str, count: int) -> int:
    """Take in the words of the next messages between two ids; returns how many messages there were."""
    found, last_id = tx.execute(_LEARN, {"after_id": after_id, "until_id": until_id, "count": count}).one()
    if found:
        tx.execute(_NOTE_LEARNED, {"learned_id": last_id})
    return int(found)


def forget(tx: Transaction, after_word: str, count: int) -> None:
    """Drop those of the next rare words that no message holds any more; begins anew after the last."""
    last = tx.execute(_FORGET, {"after_word": after_word, "count": count, "rare": _RARE}).scalar()
    tx.execute(_NOTE_CHECKED, {"checked_word": last or ""})
