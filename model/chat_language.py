"""Is this English? Asked of one chat message at a time, by script and by the small words that every sentence needs.

The network knows English only. What it can't read must not become a guess, so a message counts as foreign when its
letters are mostly not Latin, or when more of its words belong to another language's commonest than to English's.
"""

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

# The commonest small words of languages that chat is written in, as far as they aren't English words or names too.
_FOREIGN: Final = """
el los las que por para con una pero esta este esto estas muy porque cuando donde como hola gracias amigo eres
soy tengo tiene quiero puede hacer todo bien ahora jugar juego vamos bueno buena hermano siempre nunca nada mas
ele ela voce nao isso esse uma tudo muito obrigado tambem pra pelo quando onde jogo jogar boa
les une des pas pour avec dans sur mais tout cette c'est j'ai tu il elle nous vous ils merci bonjour salut oui
trop tres bien jouer jeu quoi suis fait etre mdr ptdr wesh
der das und ist nicht ich du wir ihr sie ein eine einen mit auf auch noch schon aber oder wenn wie wo warum
danke hallo gut ja nein doch mal jetzt spielen spiel bitte alle geil junge alter digga
il che non una sono anche ciao grazie molto perche questo questa quando bello gioco giocare
het een niet voor zijn hij zij wat goed lekker jij ook maar spelen
nie jest sie jak czy dobrze gra dzieki siema kurwa
bir bu ve icin cok ama var yok ne nasil guzel abi tamam oyun selam evet hayir kanka
och det inte som jag har vad tack hej bra spela
yang ini itu tidak aku kamu apa bisa dan untuk dengan gak
privet kak eto chto spasibo
"""
_ENGLISH: Final = """
the a an and or but if of to in on at for with from by is are was were be been am it its it's this that these
those i you he she we they me him her us them my your his our their what who why how when where which not no
don't can't do does did done have has had will would can could should just so too very more most all any some
get got go going gone like good bad game play out up down about as than then there here one now know think
see want need make made time way back only over again i'm he's you're that's u ur im dont cant lol
"""
FOREIGN: Final = frozenset(_FOREIGN.split())
ENGLISH: Final = frozenset(_ENGLISH.split())
LETTERS: Final = frozenset("ñßãõçğışłżźęąőűåøæčšžřě¿¡")
"""Letters and signs that hardly any English word has."""


def latin_share(text: str) -> float:
    """The share of Latin letters among all letters, 0..1; 1 where there are none."""
    if text.isascii():
        return 1.0
    letters = [letter for letter in text if letter.isalpha()]
    if not letters:
        return 1.0
    return sum(letter < "\u0250" or "\u1e00" <= letter <= "\u1eff" for letter in letters) / len(letters)


def plain(word: str) -> str:
    """Lower case, without accents."""
    if word.isascii():
        return word.lower()
    return "".join(letter for letter in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(letter))


def english_share(words: Sequence[str], known: Collection[str]) -> float:
    """How far these words can be taken for English, 0..1. `known` are the words that the network has seen whole.

    A language is told by its small words. Without any, the share of known words decides.
    """
    bare = [(word, plain(word.strip(".,!?;:\"'()"))) for word in words]
    bare = [(word, low) for word, low in bare if any(map(str.isalpha, low))]
    if not bare:
        return 0.0
    ours = sum(low in ENGLISH for _, low in bare)
    theirs = sum(low in FOREIGN or (not word.isascii() and bool(LETTERS & set(word.lower()))) for word, low in bare)
    if theirs > ours:
        return 0.0
    seen = sum(
        low in known or low.split("'")[0] in known or low.split("n't")[0] in known or low in ENGLISH for _, low in bare
    ) / len(bare)
    if ours > 2 * theirs and ours >= 2:
        return max(seen, 0.75)
    if theirs:
        return seen / 2
    # Names, typos and new words: nothing speaks for another language, so they may be read, for little.
    return max(seen, 0.2 if "".join(low for _, low in bare).isascii() else 0.0)
