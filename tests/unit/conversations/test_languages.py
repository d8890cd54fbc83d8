"""Which language a text is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversations.model.languages import Language, language_of


@pytest.mark.parametrize(
    ("content", "language"),
    [
        ("Are you there?", Language.ENGLISH),
        ("Der Bericht ist fertig und wir haben ihn heute geschickt", Language.GERMAN),
        ("Je ne sais pas où il est", Language.FRENCH),
        ("No sé dónde está la biblioteca pero es muy grande", Language.SPANISH),
        ("Non lo so ma è molto bello", Language.ITALIAN),
        ("Obrigado pela ajuda, você é muito gentil", Language.PORTUGUESE),
        ("Ik weet het niet maar dat is goed", Language.DUTCH),
        ("Я не знаю, где это было", Language.RUSSIAN),
    ],
)
def test_frequent_words_tell_the_language(content: str, language: Language) -> None:
    assert language_of(content) is language


@pytest.mark.parametrize(
    ("content", "language"),
    [
        ("deploys failing", Language.ENGLISH),
        ("Grüße", Language.ENGLISH),
        ("Сообщение", Language.RUSSIAN),
        ("漢字", Language.SIMPLE),
        ("", Language.ENGLISH),
    ],
)
def test_without_any_the_script_decides(content: str, language: Language) -> None:
    assert language_of(content) is language


@given(st.text(max_size=400))
def test_every_text_has_a_language(content: str) -> None:
    assert language_of(content) in Language
