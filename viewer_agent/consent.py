"""The question that comes before the camera opens, and the answer as it is remembered."""

from typing import Final

from lera.consent import Question
from model.emotions import EMOTIONS
from transport.reading import Post, encode

_EXAMPLE: Final = Post(1, (0.7312, 0.0211, 0.1604, 0.0102, 0.0513, 0.0127, 0.0131), 0.87, 1767225600.25)


def payload() -> str:
    """What leaves the machine for one reading, made by the code that makes the real ones: one line of JSON."""
    return encode(_EXAMPLE)


def consent_text() -> str:
    """What a viewer is asked. Another wording is another question, so it is asked again."""
    return f"""\
LERA would like to use your camera. Please read this first.

What is read       Your facial expression, from your camera, on this computer, a few times a second.
                   It is a guess at what your face shows ({", ".join(EMOTIONS)}),
                   not at what you feel, and it is often wrong.
What leaves        At most once a second one line such as this, and nothing else about you:
                   {payload()}
                   "probabilities" are the seven numbers in the order above. No picture, no video, no sound and nothing
                   that could recognise your face is sent or written to disk. Besides, the stream gets a random key that
                   is made for this one stream, and, as every website does, sees your network address.
                   When there is no face, no light, or you pause, it is told just that.
By a Google Sheet  A link that begins with lera+sheet leads to a spreadsheet of the streamer's: there the same numbers
                   stand in a row under your random key. Google carries them and keeps old versions of the spreadsheet.
                   Everybody who may edit it can read your row and write a false one, and where you log in to Google
                   yourself, they can find your account's name in its version history.
Who sees it        The streamer's computer adds you to the crowd. Stream and chat see the crowd, once three viewers take
                   part; a streamer may choose another number, and the agent tells you which when it joins. You
                   alone are not shown. That is another question, asked only if you start with --show-me.
How to stop        p pauses at once and closes the camera; Ctrl-C ends it. It never starts by itself.
How to erase       `lera viewer --forget` withdraws this consent and asks every stream you joined to erase what it
                   keeps of you.
Who may use it     You are 18 or older, or your parent or guardian agrees. Not for schools, classrooms or workplaces,
                   where reading emotions is forbidden in the European Union."""


_QUESTION: Final = Question(
    # Looked up when it is asked.
    text=lambda: consent_text(),
    prompt="Do you agree, and may the camera be opened? [y/N] ",
    refused="You did not agree, so the camera stays closed and nothing is sent.",
    nobody="You have not agreed to the use of your camera yet: start the viewer in a terminal and answer there.",
    file="consent.json",
)
has_consent: Final = _QUESTION.agreed
require_consent: Final = _QUESTION.require
withdraw_consent: Final = _QUESTION.withdraw
