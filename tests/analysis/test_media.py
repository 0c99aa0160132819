"""Sound and pictures out of real files, whole and broken ones."""

import io
import random
import threading
from collections.abc import Iterator
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from analysis import media
from analysis.media import BLOCK, Recording, _upright
from lera.errors import LeraError
from model.speech import RATE
from tests.analysis.files import clip


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_pictures_come_with_their_times_at_the_agents_pace(tmp_path: Path, ending: str) -> None:
    recording = Recording(clip(tmp_path / f"a.{ending}", 3.0, rate=20, sound=False))
    assert recording.pictures and not recording.sound and recording.length == pytest.approx(3.0, abs=0.1)
    frames = list(recording.frames(8))
    assert len(frames) == 24
    for slot, frame in enumerate(frames):
        assert slot / 8 <= frame.time < (slot + 1) / 8, "one of each eighth of a second"
        assert frame.pixels.shape == (48, 64, 3) and frame.pixels.dtype == np.uint8
        # The picture's grey says which one it is, so its time can be checked.
        number = round(frame.time * 20)
        assert abs(float(frame.pixels.mean()) - 8 * number % 256) < 12


@pytest.mark.parametrize(
    ("ending", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("m4a", "aac"), ("mkv", "flac"), ("mp3", "mp3")]
)
def test_sound_is_16_khz_mono_in_half_seconds(tmp_path: Path, ending: str, codec: str) -> None:
    try:
        path = clip(tmp_path / f"a.{ending}", 2.3, pictures=False, codecs=("", codec))
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg writes no {codec} ({error})")
    recording = Recording(path)
    assert recording.sound and not recording.pictures
    blocks = list(recording.blocks())
    assert [block.time for block in blocks[:4]] == [0.5, 1.0, 1.5, 2.0] and all(
        len(b.samples) == BLOCK for b in blocks[:4]
    )
    heard = np.concatenate([block.samples for block in blocks])
    assert heard.dtype == np.float32 and len(heard) / RATE == pytest.approx(2.3, abs=0.1)
    middle = heard[8000:24000]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.03)
    assert np.argmax(np.abs(np.fft.rfft(middle))) * RATE / len(middle) == pytest.approx(440, abs=2)


def test_a_hole_in_the_sound_is_silence(tmp_path: Path) -> None:
    recording = Recording(clip(tmp_path / "late.mkv", 3.0, codecs=("mpeg4", "flac"), late=1.0))
    heard = np.concatenate([block.samples for block in recording.blocks()])
    assert len(heard) / RATE == pytest.approx(3.0, abs=0.1)
    assert np.abs(heard[: round(0.9 * RATE)]).max() == 0 and np.abs(heard[round(1.1 * RATE) :]).max() > 0.4


def test_sound_that_begins_minutes_later_keeps_its_place(tmp_path: Path) -> None:
    path = clip(tmp_path / "late.mkv", 100.0, rate=1, codecs=("mpeg4", "flac"), sound_rate=RATE, late=95.0)
    heard = {block.time: float(np.abs(block.samples).max()) for block in Recording(path).blocks()}
    assert heard[94.5] == 0 and heard[96.0] > 0.4 and max(heard) == pytest.approx(100, abs=0.2)


def test_the_same_file_gives_the_same_numbers(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4")
    one, other = Recording(path), Recording(path)
    for left, right in zip(one.frames(8), other.frames(8), strict=True):
        assert left.time == right.time and (left.pixels == right.pixels).all()
    for heard, again in zip(one.blocks(), other.blocks(), strict=True):
        assert (heard.samples == again.samples).all()


def test_large_pictures_are_shrunk_and_stay_in_shape(tmp_path: Path) -> None:
    recording = Recording(clip(tmp_path / "a.mkv", 0.3, size=(2560, 1440), sound=False))
    assert next(recording.frames(8)).pixels.shape == (720, 1280, 3)


class Turned:
    """A frame as a phone held upright writes it."""

    def __init__(self, frame: Any, rotation: int) -> None:
        self._frame, self.rotation = frame, rotation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._frame, name)


def test_pictures_are_turned_as_the_camera_was() -> None:
    picture = np.zeros((4, 8, 3), np.uint8)
    picture[:, :4] = 255
    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    assert _upright(Turned(frame, 0), None)[:, :4].min() == 255
    # Counter-clockwise, as FFmpeg counts: what was on the left comes to lie below.
    turned = _upright(Turned(frame, 90), None)
    assert turned.shape == (8, 4, 3) and turned[4:].min() == 255 and turned[:4].max() == 0
    assert _upright(Turned(frame, 180), None)[:, 4:].min() == 255
    assert _upright(Turned(frame, -90), None)[:4].min() == 255


def test_pixels_that_are_no_squares_become_squares() -> None:
    frame = Turned(av.VideoFrame.from_ndarray(np.zeros((40, 40, 3), np.uint8), "rgb24"), 0)
    assert _upright(frame, Fraction(16, 9)).shape == (40, 71, 3)
    assert _upright(frame, Fraction(10**6, 1)).shape == (40, 160, 3), "no nonsense"


def broken(folder: Path) -> Iterator[Path]:
    whole = clip(folder / "whole.mp4").read_bytes()
    noise = random.Random(1).randbytes(20_000)
    for name, content in {
        "cut.mp4": whole[: len(whole) // 2],
        "noise.mp4": noise,
        "noise.wav": noise,
        "one.webm": b"\0",
        "zeros.mp3": bytes(10_000),
        "page.mp4": b"<html><script>alert(1)</script>" * 20,
        "archive.mov": b"PK\3\4" + noise,
        "head.wav": b"RIFF\xff\xff\xff\xffWAVEfmt ",
        "picture.png": b"\x89PNG\r\n\x1a\n" + noise,
    }.items():
        (folder / name).write_bytes(content)
        yield folder / name


def test_broken_files_are_one_line_each_or_have_nothing_in_them(tmp_path: Path) -> None:
    for path in broken(tmp_path):
        said = path.name
        try:
            recording = Recording(path)
        except LeraError as error:
            said = str(error)
        else:
            assert not list(recording.blocks() if recording.sound else recording.frames(8)), path
        assert path.name in said and "\n" not in said


def test_what_is_damaged_in_the_middle_is_left_out(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", 6.0)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = random.Random(2).randbytes(3000)
    path.write_bytes(content)
    recording = Recording(path)
    times = [frame.time for frame in recording.frames(8)]
    assert 10 < len(times) <= 48 and times == sorted(times)
    assert sum(len(block.samples) for block in recording.blocks()) <= 8 * RATE


def test_a_file_that_is_cut_off_just_ends(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", 6.0)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    recording = Recording(path)
    assert recording.length == pytest.approx(6.0, abs=0.2), "it still claims so"
    assert 1.0 < max(frame.time for frame in recording.frames(8)) < 5.0


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server that notes who asks it for anything."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


def test_a_playlist_opens_no_other_file_and_no_address(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    secret = clip(tmp_path / "secret.ts", codecs=("mpeg2video", "mp2"))
    lists = {
        "a.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{address}/a.ts\n#EXT-X-ENDLIST\n",
        "b.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{secret.as_uri()}\n#EXT-X-ENDLIST\n",
        "c.mkv": f"ffconcat version 1.0\nfile {secret}\n",
        "d.mp4": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{address}/</BaseURL></MPD>',
        "e.mov": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na={address}\n",
    }
    for name, content in lists.items():
        (tmp_path / name).write_text(content, "utf-8")
        with pytest.raises(LeraError, match="can't be read here"):
            Recording(tmp_path / name)
    assert not paths


def test_too_long_and_too_large_is_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip(tmp_path / "a.mp4")
    monkeypatch.setattr(media, "MOST_PIXELS", 64 * 48 - 1)
    with pytest.raises(LeraError, match="64 x 48"):
        Recording(path)
    monkeypatch.undo()
    recording = Recording(path)
    monkeypatch.setattr(media, "LONGEST", 2.0)
    with pytest.raises(LeraError, match="longer than"):
        Recording(path)
    # Also where the file doesn't say how long it is.
    for stream in (recording.frames(8), recording.blocks()):
        with pytest.raises(LeraError, match="longer than"):
            list(stream)


def test_a_song_with_a_cover_has_no_pictures(tmp_path: Path) -> None:
    path = clip(tmp_path / "song.flac", 1.0, pictures=False, codecs=("", "flac"))
    drawn = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(drawn, "png")
    numbers = [len(b"image/png").to_bytes(4), b"image/png", bytes(4), *(size.to_bytes(4) for size in (32, 32, 24, 0))]
    block = b"".join([(3).to_bytes(4), *numbers, len(drawn.getvalue()).to_bytes(4), drawn.getvalue()])
    content = path.read_bytes()
    # Behind "fLaC" and the 38 bytes of the first block: a block of kind 6, a picture, of which 3 is the front cover.
    path.write_bytes(content[:42] + b"\6" + len(block).to_bytes(3) + block + content[42:])
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1, "there is one that must not be taken"
    recording = Recording(path)
    assert recording.sound and not recording.pictures
