"""The official layouts, in miniature: what is read, what is left out, what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lera.errors import LeraError
from model.emotions import EMOTIONS
from model.train.clips.holdout import held_out, training_split
from model.train.clips.layouts import Layout
from model.train.clips.pictures import FERPLUS_VOTES, LAYOUTS, open_layout
from model.train.clips.samples import FrameFolder, Sample, VideoFile, loose, pixels_of
from tests.model.clips.trees import ferv39k, frames, plain


def labels(layout: Layout, part: str) -> list[str]:
    """The classes of a part, in our words."""
    return [EMOTIONS[sample.label] for sample in layout.part(part).samples]


def video(path: Path, shades: list[int]) -> None:
    """A video of even frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 32))
    for shade in shades:
        writer.write(np.full((32, 32, 3), shade, np.uint8))
    writer.release()


def picture(path: Path, shade: int = 7) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((6, 6, 3), shade, np.uint8)).save(path)


def test_ferv39k(tmp_path: Path) -> None:
    tree = {"train": [(label, plain(3, 10 * label)) for label in range(7)], "test": [(6, plain(2, 9))]}
    layout = open_layout("ferv39k", ferv39k(tmp_path, tree))
    assert labels(layout, "train") == list(EMOTIONS)
    assert labels(layout, "test") == ["fear"]
    sample = layout.part("train").samples[3]
    assert sample.name == "Action/Angry/0003" and sample.frames.count() == 3
    assert [frame[0, 0, 0] for frame in sample.frames.read([2, 0, 2])] == [32, 30, 32]


def test_dfew_counts_from_one_and_has_folds(tmp_path: Path) -> None:
    for part, fold, rows in (("train", 2, "1,1\n2,4\n"), ("test", 2, "3,7\n")):
        lists = tmp_path / "EmoLabel_DataSplit" / f"{part}(single-labeled)"
        lists.mkdir(parents=True)
        (lists / f"set_{fold}.csv").write_text(f"video_name,label\n{rows}")
    for number in (1, 2, 3):
        frames(tmp_path / "Clip" / "clip_224x224" / f"{number:05d}", plain(2, number))
    layout = open_layout("dfew", tmp_path, 2)
    assert (labels(layout, "train"), labels(layout, "test")) == (["happiness", "anger"], ["fear"])
    with pytest.raises(LeraError, match=r"not the folder of DFEW: .*set_1.csv"):
        open_layout("dfew", tmp_path, 1)


def test_mafw_leaves_its_own_classes_out_and_says_so(tmp_path: Path) -> None:
    lists = tmp_path / "Train & Test Set" / "single" / "no_caption" / "set_1"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("00001.mp4 anger\n00002.mp4 contempt\n00003.mp4 anxiety\n00004.mp4 neutral\n")
    (lists / "test.txt").write_text("00005.mp4 surprise\n")
    for number in (1, 4, 5):
        video(tmp_path / "data" / "clips" / f"{number:05d}.avi", [50])
    layout = open_layout("mafw", tmp_path)
    assert labels(layout, "train") == ["anger", "neutral"]
    assert layout.part("train").notes == (
        "train: 2 clips of classes that are not among the seven are left out: 1 contempt, 1 anxiety",
    )
    assert layout.part("test").notes == ()


def test_rafdb(tmp_path: Path) -> None:
    lists = tmp_path / "basic" / "EmoLabel"
    lists.mkdir(parents=True)
    names = [f"train_0000{number}.jpg" for number in range(1, 8)]
    content = "".join(f"{name} {number}\n" for number, name in enumerate(names, 1))
    (lists / "list_patition_label.txt").write_text(f"{content}test_0001.jpg 4\n")
    for name in [*names, "test_0001.jpg"]:
        picture(tmp_path / "basic" / "Image" / "aligned" / name.replace(".jpg", "_aligned.jpg"))
    layout = open_layout("rafdb", tmp_path)
    assert labels(layout, "train") == ["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"]
    assert labels(layout, "test") == ["happiness"]


def test_ferplus_takes_majorities_and_counts_the_others(tmp_path: Path) -> None:
    rows = {
        "fer0000000.png": ("Training", (0, 8, 1, 0, 0, 0, 0, 0, 0, 1)),  # single votes are slips
        "fer0000001.png": ("Training", (5, 0, 0, 5, 0, 0, 0, 0, 0, 0)),
        "fer0000002.png": ("Training", (2, 0, 0, 0, 0, 0, 0, 8, 0, 0)),
        "fer0000003.png": ("PublicTest", (0, 0, 0, 0, 0, 2, 8, 0, 0, 0)),
        "fer0000004.png": ("PrivateTest", (0, 0, 0, 0, 10, 0, 0, 0, 0, 0)),
        "": ("Training", (0, 0, 0, 0, 0, 0, 0, 0, 0, 10)),
    }
    lines = [f"{usage},{name},{','.join(map(str, votes))}" for name, (usage, votes) in rows.items()]
    (tmp_path / "fer2013new.csv").write_text("\n".join([",".join(("Usage", "Image name", *FERPLUS_VOTES)), *lines]))
    for folder, name in (("Train", "fer0000000"), ("Valid", "fer0000003"), ("Test", "fer0000004")):
        picture(tmp_path / "data" / f"FER2013{folder}" / f"{name}.png")
    layout = open_layout("ferplus", tmp_path)
    assert [labels(layout, part) for part in ("train", "val", "test")] == [["happiness"], ["fear"], ["anger"]]
    assert layout.part("train").notes == ("train: 2 pictures are left out: 1 without a majority, 1 contempt",)


def test_parquet_pack_with_persons(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    picture(tmp_path / "one.png", 77)
    data = (tmp_path / "one.png").read_bytes()
    columns = {
        "image": [data] * 4,
        "label": ["fear", "fear", "anger", "sadness"],
        "split": ["train", "train", "train", "val"],
        "subject": ["a", "a", "b", "c"],
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "pack.parquet")
    layout = open_layout("parquet", tmp_path / "pack.parquet")
    assert set(layout.parts) == {"train", "val"} and layout.groups == "person"
    assert [sample.group for sample in layout.part("train").samples] == ["a", "a", "b"]
    assert layout.part("val").samples[0].frames.read([0])[0][0, 0].tolist() == [77, 77, 77]
    with pytest.raises(LeraError, match="has no `test` part; it has train, val"):
        layout.part("test")


def test_clips_of_your_own(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("clip,label,split,person\nme/1.avi,happy,train,me\nyou/2,fear,test,you\n")
    video(tmp_path / "me" / "1.avi", [0, 100, 200])
    frames(tmp_path / "you" / "2", plain(1, 3))
    layout = open_layout("list", tmp_path)
    assert labels(layout, "train") == ["happiness"] and layout.part("test").samples[0].group == "you"
    assert layout.part("train").notes == ()
    clip = layout.part("train").samples[0].frames
    assert isinstance(clip, VideoFile) and clip.count() == 3
    assert [int(frame.mean()) for frame in clip.read([2, 1])] == pytest.approx([200, 100], abs=3)
    with pytest.raises(LeraError, match="ends before frame 3"):
        clip.read([3])


def test_a_person_in_two_parts_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "clips.csv").write_text("clip,label,split,person\na.png,happy,train,me\nb.png,fear,test,me\n")
    picture(tmp_path / "a.png")
    notes = open_layout("list", tmp_path).part("train").notes
    assert notes == ("1 are in more than one part, first `me`: figures will flatter",)


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "parquet"])
def test_a_wrong_folder_is_refused_in_one_line_that_says_what_is_expected(tmp_path: Path, name: str) -> None:
    with pytest.raises(LeraError, match=r"is not the folder of .*is expected in it") as refusal:
        open_layout(name, tmp_path)
    assert "\n" not in str(refusal.value)


def test_what_is_no_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pack.parquet").write_text("no")
    with pytest.raises(LeraError, match="is not a Parquet pack"):
        open_layout("parquet", tmp_path / "pack.parquet")
    with pytest.raises(LeraError, match="there is no"):
        open_layout("parquet", tmp_path / "none.parquet")
    with pytest.raises(LeraError, match="there is no layout `ck`"):
        open_layout("ck", tmp_path)


def test_missing_clips_and_unknown_classes_are_refused(tmp_path: Path) -> None:
    layout = open_layout("ferv39k", ferv39k(tmp_path, {"train": [(0, plain(1, 1))]}))
    path = tmp_path / "4_setups" / "All_scenes" / "train_All.csv"
    path.write_text(path.read_text() + "Action/Sad/9999 Sad\n")
    with pytest.raises(LeraError, match=r"1 of 2 that train_All.csv lists are not there, first .*9999"):
        layout.part("train")
    path.write_text("Action/Happy/0000 Bored\n")
    with pytest.raises(LeraError, match="class `Bored`"):
        layout.part("train")
    path.write_text("Action/Happy/0000\n")
    with pytest.raises(LeraError, match="line 1: 2 columns are expected"):
        layout.part("train")
    with pytest.raises(LeraError, match=r"the list .*test_All.csv is missing"):
        layout.part("test")


def test_frames_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    frames(tmp_path / "clip", plain(11, 1))
    assert [path.stem for path in FrameFolder(tmp_path / "clip").files()] == [str(number) for number in range(11)]
    (tmp_path / "empty").mkdir()
    with pytest.raises(LeraError, match="no frames in"):
        FrameFolder(tmp_path / "empty").count()
    (tmp_path / "broken.png").write_text("no picture")
    with pytest.raises(LeraError, match=r"broken.png can't be read"):
        pixels_of(tmp_path / "broken.png")


def test_loose_clips_are_found_anywhere(tmp_path: Path) -> None:
    frames(tmp_path / "a" / "b", plain(2, 1))
    video(tmp_path / "c.avi", [1])
    assert [sample.name for sample in loose(tmp_path)] == ["a/b", "c.avi"]
    (tmp_path / "nothing").mkdir()
    with pytest.raises(LeraError, match="no videos and no folders of frames"):
        loose(tmp_path / "nothing")


def many(count: int, groups: int) -> list[Sample]:
    return [Sample(f"{place}", place % 7, f"g{place % groups}", FrameFolder(Path())) for place in range(count)]


def test_samples_are_held_out_by_class_always_the_same_ones() -> None:
    samples = many(210, 210)
    kept, held = held_out(samples, by_group=False)
    assert np.bincount([sample.label for sample in held]).tolist() == [3] * 7
    assert {sample.name for sample in kept} | {sample.name for sample in held} == {str(place) for place in range(210)}
    again, _ = held_out(samples[::-1], by_group=False)
    assert set(again) == set(kept)


def test_a_person_is_never_on_both_sides() -> None:
    kept, held = held_out(many(200, 20), by_group=True)
    assert len(held) == 20
    assert not {sample.group for sample in kept} & {sample.group for sample in held}


def test_the_split_says_how_it_was_made(tmp_path: Path) -> None:
    layout = open_layout("ferv39k", ferv39k(tmp_path, {"train": [(k % 7, plain(1, k)) for k in range(70)]}))
    split = training_split(layout)
    assert (len(split.training), len(split.validation)) == (63, 7)
    assert split.notes == (
        "FERV39k has no validation part: 7 of 70 training samples are held out for it, sample by sample, since the "
        "source names no person or video, always the same ones",
    )
