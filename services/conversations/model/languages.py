"""Which language a text is in, so that a search finds its words in their other forms; cheap enough for every send."""

import struct
from enum import IntEnum
from itertools import repeat


class Language(IntEnum):
    """Languages whose words are stemmed; numbers as in the database and its function `search_config`."""

    SIMPLE = 0
    ENGLISH = 1
    GERMAN = 2
    FRENCH = 3
    SPANISH = 4
    ITALIAN = 5
    PORTUGUESE = 6
    DUTCH = 7
    RUSSIAN = 8


# Words that hardly any sentence of the language does without.
_FREQUENT = {
    Language.ENGLISH: """
        the of and to a in is it you that was for on are with as i his they be at one have this from or had by not but
        what all were we when your can said there use an each which she do how their if will up other about out many
        then them these so some her would make like him into time has look more go see no way could my than been who
        its now did get come made may i'm don't it's please thanks yes ok does just should any where why also
    """,
    Language.GERMAN: """
        der die das und ist nicht ich du er sie es wir ihr zu in den dem des ein eine einen einem einer mit auf für von
        im am an als auch aus bei bin bis bist da dann dass daß doch durch euch gibt haben hat habe hast hier ihm ihn
        ihnen ja jetzt kann kein keine können man mehr mein mir mich muss nach nein noch nur oder schon sehr sein seine
        sich sind so über um uns unter war waren was wenn wer werden wie wieder wird wo zum zur bitte danke aber vom
    """,
    Language.FRENCH: """
        le la les de des du un une et est à en je tu il elle nous vous ils elles ne pas que qui dans pour sur avec ce
        cette ces son sa ses mon ma mes ton ta tes leur leurs mais ou où donc ni car plus par au aux se si y on tout
        tous fait être avoir suis es sommes êtes sont ai as avons avez ont était c'est j'ai qu'il d'un d'une l'on très
        bien aussi comme quand quoi merci oui non bonjour alors sans même encore peut faut
    """,
    Language.SPANISH: """
        el la los las de del un una unos y e es en que no se por con para su al lo como más pero sus le ya o este sí
        porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni
        contra otros ese eso ante ellos esto mí antes algunos qué yo otro tanto esa estos mucho nada está estoy están
        son ser tengo tiene hacer puede gracias hola bien fue
    """,
    Language.ITALIAN: """
        il lo la i gli le di del della dei delle un uno una e è in che non si per con su da dal dalla al alla nel nella
        sul sulla come più ma se io tu lui lei noi voi loro mi ti ci vi mio mia tuo sua suo questo questa quello anche
        ancora sono sei siamo siete ho hai ha abbiamo hanno era essere avere fare quando dove chi cosa perché molto
        tutto tutti grazie ciao bene poi già qui
    """,
    Language.PORTUGUESE: """
        o a os as de do da dos das um uma e é em no na nos nas que não se por com para seu sua ao aos à como mais mas
        foi ele ela eles elas eu você vocês nós me te lhe meu minha este esta isso isto esse essa aquele também já ou
        quando muito sem mesmo até tem têm está estão são ser ter fazer pode porque onde quem obrigado obrigada olá bem
        sim pelo pela só há
    """,
    Language.DUTCH: """
        de het een en van is ik je jij hij zij wij we jullie ze niet dat die dit in op te met voor zijn was aan er maar
        om hem haar ook als dan nog naar uit bij door over of wat waar wie hoe waarom geen meer wel moet kan kunnen
        worden wordt werd heeft heb hebben had ben bent mijn jouw onze ons deze hier daar nu al zo toch alleen goed
        bedankt alsjeblieft hallo ja nee veel iets niets
    """,
    Language.RUSSIAN: """
        и в не на я быть он с что а по это она этот к но они мы весь который из у ты как все всё за вы так же от бы
        мне меня тебя его её их для да нет уже или если только когда где кто чтобы есть был была было были очень
        ещё еще там тут здесь надо можно спасибо привет до о об при без под над
    """,
}
# The first words decide; a text that changes its language later on is stemmed by how it begins.
_CHARACTERS = 200
# Counts of all languages in one number, 16 bits each, so that they are added in one go.
_BITS = 16
_LANE = struct.Struct(f"<{len(Language)}H")
_LANGUAGES = tuple(Language)
_COUNTS: dict[str, int] = {}
for _language, _words in _FREQUENT.items():
    for _word in set(_words.split()):
        _COUNTS[_word] = _COUNTS.get(_word, 0) + (1 << _BITS * _language)


def language_of(content: str) -> Language:
    """Guess by the frequent words in a text; without any, by its script.

    A wrong guess loses other forms of words only: what somebody types exactly is found in every language.
    """
    words = content[:_CHARACTERS].lower().split()
    counts = sum(map(_COUNTS.get, words, repeat(0)))
    if counts:
        lanes = _LANE.unpack(counts.to_bytes(_LANE.size, "little"))
        # The first of those that have most; English stands first.
        return _LANGUAGES[lanes.index(max(lanes))]
    if content.isascii():
        return Language.ENGLISH
    beginning = content[:_CHARACTERS].lower()
    if any("а" <= character <= "я" for character in beginning):
        return Language.RUSSIAN
    return Language.ENGLISH if any("a" <= character <= "z" for character in beginning) else Language.SIMPLE
