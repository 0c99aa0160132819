"""What the streamer is asked before camera or microphone opens."""

from typing import Final

from lera.consent import Question
from model.emotions import EMOTIONS
from transport.stage import Feel, Modality, encode_stage

_NUMBERS: Final = (0.7312, 0.0211, 0.1604, 0.0102, 0.0513, 0.0127, 0.0131)
_QUALITIES: Final[dict[Modality, float]] = {"face": 0.87, "voice": 0.64, "words": 0.41}


def payload() -> str:
    """What is sent of one reading of each kind, made by the code that makes the real ones: three lines of JSON."""
    return "\n".join(
        encode_stage(Feel(modality, _NUMBERS, quality, 1767225600.25)) for modality, quality in _QUALITIES.items()
    )


def consent_text() -> str:
    """What a streamer is asked. Another wording is another question, so it is asked again."""
    lines = payload().replace("\n", "\n" + " " * 19)
    return f"""\
LERA would like to use your camera and your microphone. Please read this first.

What is read       Your facial expression, from your camera or an OBS source; how your voice sounds; and what the words
                   feel like that you speak, which a program on this computer recognises. All of it is read on this
                   computer. It is a guess at what face, voice and words show ({", ".join(EMOTIONS)}),
                   not at what you feel, and it is often wrong. The microphone hears everybody near it.
What leaves        Each at most once a second, to your own bot and nowhere else, a line such as these:
                   {lines}
                   "probabilities" are the seven numbers in the order above. No picture, no sound and no word is sent,
                   written to disk or logged; recognised words are scored at once and dropped. When there is no face, no
                   speech, no device, or you pause, the bot is told just that.
Who sees it        Your dashboard always. Overlay, chat and the stream's story too, unless you set [streamer] show =
                   false: you are not one of many as a viewer is, so all who watch see how you seem to feel.
What is kept       The bot keeps one row a second in its history, as it does for the crowd: seven shares, how much face,
                   voice and words weighed, how far the crowd followed you, and when it clearly looked different from
                   you. With show = false it is only how far the crowd followed.
How to stop        p pauses at once and closes camera and microphone; Ctrl-C ends it. It never starts by itself.
                   --no-camera and --no-microphone leave one out.
How to take back   `lera streamer --forget` withdraws this consent. What the history holds, [history] deletes.
Who may use it     You are 18 or older, or your parent or guardian agrees, and so does everybody whom the microphone
                   hears. Not for schools, classrooms or workplaces, where reading emotions is forbidden in the European
                   Union."""


_QUESTION: Final = Question(
    # Looked up when it is asked.
    text=lambda: consent_text(),
    prompt="Do you agree, and may camera and microphone be opened? [y/N] ",
    refused="You did not agree, so camera and microphone stay closed and nothing is sent.",
    nobody="You have not agreed to the use of camera and microphone yet: start this in a terminal and answer there.",
    file="streamer-consent.json",
)
has_consent: Final = _QUESTION.agreed
require_consent: Final = _QUESTION.require
withdraw_consent: Final = _QUESTION.withdraw
