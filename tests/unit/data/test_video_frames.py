"""Frames of a video: the right ones, at their own times, upright, in true colours; and what damaged files say."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensictransfer.data.video import FaceSettings, extract_faces
from forensictransfer.data.video.frames import FrameFolder, Video, between, open_frames, sample
from forensictransfer.data.video.libraries import VideoError

av = pytest.importorskip("av", reason="the extra `video` is not installed")

SIZE = (64, 96)  # height, width


def numbered(index: int) -> np.ndarray:
    """A frame that says its own number: the brightness of its left half; the right half is a smooth colour."""
    frame = np.zeros((*SIZE, 3), np.uint8)
    frame[:, :48] = 20 + 20 * (index % 12)
    frame[:, 48:] = (200, 60, 90)
    return frame


def number(pixels: np.ndarray) -> int:
    return round((float(pixels[8:56, 8:40].mean()) - 20) / 20)


def write(
    path: Path,
    stamps: Sequence[int],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    ticks: int = 1000,
    still: np.ndarray | None = None,
    **context: Any,
) -> Path:
    """A video of numbered frames, or of one picture, at the given times, in `ticks` a second."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = SIZE if still is None else still.shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.time_base = Fraction(1, ticks)
        stream.options = {"qp": "0"} if pixels == "rgb24" else {}  # lossless
        for name, value in context.items():
            setattr(stream.codec_context, name, value)
        for index, stamp in enumerate(stamps):
            picture = numbered(index) if still is None else np.ascontiguousarray(still)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, ticks)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


UNEVEN = [0, 40, 80, 700, 720, 1000, 1900, 2000, 2010, 2500]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_frames_have_their_own_times_and_numbers(tmp_path: Path, suffix: str) -> None:
    # libx264 writes pictures in another order than they are shown in.
    video = Video(write(tmp_path / f"uneven.{suffix}", UNEVEN))
    np.testing.assert_allclose(video.times, np.array(UNEVEN) / 1000, atol=2e-3)
    frames = list(video.read([8, 0, 3]))
    assert [(frame.index, number(frame.pixels)) for frame in frames] == [(0, 0), (3, 3), (8, 8)]
    assert [round(frame.seconds, 2) for frame in frames] == [0, 0.7, 2.01]
    assert [number(frame.pixels) for frame in video.read(range(10))] == list(range(10))
    assert list(video.read([])) == []


def test_a_stream_without_times_is_counted_at_its_nominal_rate(tmp_path: Path) -> None:
    path = write(tmp_path / "raw.h264", range(0, 400, 40)).rename(tmp_path / "raw.ts.avi")
    video = Video(path)
    assert video.count == 10 and (np.diff(video.times) > 0).all()
    assert [number(frame.pixels) for frame in video.read([0, 4, 9])] == [0, 4, 9]


def test_uneven_times_are_sampled_by_the_clock() -> None:
    times = np.array(UNEVEN) / 1000
    assert sample(times, per_video=None, per_second=1) == [0, 5, 7]
    assert sample(times, per_video=None, per_second=2) == [0, 3, 5, 6, 7, 9]
    assert sample(times, per_video=3, per_second=None) == [2, 5, 8]  # shown at 0.50, 1.50 and 2.49 seconds
    assert sample(times, per_video=50, per_second=None) == list(range(10))
    assert sample(np.arange(250) / 25, per_video=None, per_second=1) == list(range(0, 250, 25))


clocks = st.lists(st.integers(1, 900), min_size=1, max_size=60).map(lambda steps: np.cumsum([0, *steps]) / 1000)


@settings(max_examples=60)
@given(clocks, st.integers(1, 40), st.floats(0.2, 30))
def test_sampling_is_even_and_nothing_between_is_too_far(times: np.ndarray, per_video: int, per_second: float) -> None:
    few = sample(times, per_video=per_video, per_second=None)
    assert len(few) == min(per_video, len(times)) and few == sorted(set(few))
    kept = sample(times, per_video=None, per_second=per_second)
    assert kept[0] == 0 and kept == sorted(set(kept))
    for place in kept[1:]:
        due = np.floor((times[place] + 1e-3) * per_second) / per_second
        assert times[place - 1] < due <= times[place] + 1.1e-3
    looked_at = between(times, kept, 0.2)
    assert set(kept) <= set(looked_at) and looked_at == sorted(set(looked_at))
    for one, next_one in itertools.pairwise(looked_at):
        assert next_one == one + 1 or times[next_one] - times[one] <= 0.2 + 1e-5


@given(st.integers(1, 400), st.integers(1, 40), st.sampled_from([24, 25, 30, 60, 1000 / 33, 30000 / 1001]))
def test_at_a_steady_rate_frames_are_the_middles_by_count(count: int, per_video: int, rate: float) -> None:
    # Milliseconds, as Matroska rounds them.
    times = np.round(np.arange(count) / rate, 3)
    asked = min(per_video, count)
    assert sample(times, per_video=per_video, per_second=None) == [
        (2 * i + 1) * count // (2 * asked) for i in range(asked)
    ]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frames_per_video_are_spread_over_time_where_the_rate_varies(tmp_path: Path, suffix: str) -> None:
    # Nine tenths of the frames are in the first of ten seconds.
    stamps = [*range(0, 1000, 10), *range(1000, 10000, 800)]
    video = Video(write(tmp_path / f"phone.{suffix}", stamps))
    kept = sample(video.times, per_video=5, per_second=None)
    length = stamps[-1] + 800
    shown = [max(i for i, stamp in enumerate(stamps) if stamp <= length * (2 * k + 1) / 10) for k in range(5)]
    assert kept == shown
    assert [round(float(video.times[place]), 1) for place in kept] == [1.0, 2.6, 5.0, 7.4, 9.0]
    # More than are shown in distinct middles: as many as asked for all the same, without one twice.
    many = sample(video.times, per_video=40, per_second=None)
    assert len(many) == 40 and many == sorted(set(many)) and set(range(100, 112)) <= set(many)


def turned(path: Path, degrees: int) -> Path:
    """The same MP4 with a display matrix that turns it clockwise (ISO 14496-12, box tkhd: a b u c d v x y w)."""
    one = 1 << 16
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    content = bytearray(path.read_bytes())
    # Within the box: its name, version and flags, two times, track, reserved, length, reserved, layer, group, volume.
    start = content.index(b"tkhd") + 4 + 40
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("degrees", "size"), [(90, (96, 64)), (180, (64, 96)), (270, (96, 64))])
def test_a_turned_video_comes_upright(tmp_path: Path, degrees: int, size: tuple[int, int]) -> None:
    (plain,) = Video(write(tmp_path / "plain.mp4", [0, 40])).read([0])
    (frame,) = Video(turned(write(tmp_path / "turned.mp4", [0, 40]), degrees)).read([0])
    np.testing.assert_array_equal(frame.pixels, plain.pixels)
    assert frame.upright().shape[:2] == size
    # What was top left stands, after a turn of 90 degrees clockwise, top right.
    clockwise = plain.pixels
    for _ in range(degrees // 90):
        clockwise = clockwise[::-1].swapaxes(0, 1)
    np.testing.assert_array_equal(frame.upright(), clockwise)


def test_the_crops_of_a_turned_video_are_upright_and_on_the_coded_grid(tmp_path: Path) -> None:
    pytest.importorskip("cv2", reason="the extra `video` is not installed")
    # 500 wide as coded: its grid of eight starts at the left, which is the bottom once the video is shown upright.
    shown = np.zeros((500, 320, 3), np.uint8)
    shown[203:433, 60:290] = skimage.data.astronaut()[:230, 96:326]
    path = write(tmp_path / "phone.mp4", range(6), codec="libx264rgb", pixels="rgb24", ticks=10, still=np.rot90(shown))
    report = extract_faces(turned(path, 90), tmp_path / "out", settings=FaceSettings(per_video=2))
    assert report.crops == 2
    track = json.loads((tmp_path / "out/.faces/phone.json").read_text())["tracks"][0]
    for crop in track:
        top, left, height, width = crop["window"]
        assert not any(number % 8 for number in crop["window"])
        stored = np.asarray(Image.open(tmp_path / f"out/phone/00/phone_00_{crop['frame']:06d}.png"))
        coded = np.rot90(shown)[top : top + height, left : left + width]
        np.testing.assert_array_equal(stored, np.rot90(coded, -1))
        assert shown.shape[1] - top - height <= 60 + 127 <= shown.shape[1] - top
        assert left <= 203 + 120 <= left + width


@pytest.mark.parametrize(("colourspace", "red", "blue"), [(6, 0.299, 0.114), (1, 0.2126, 0.0722)])
def test_colours_follow_the_matrix_that_the_video_names(
    tmp_path: Path, colourspace: int, red: float, blue: float
) -> None:
    path = write(tmp_path / "colours.mkv", [0], codec="ffv1", colorspace=colourspace, color_range=1)
    with av.open(str(path)) as container:
        planes = next(container.decode(video=0)).to_ndarray().astype(float)
    height, width = SIZE
    luma = (planes[:height] - 16) * 255 / 219
    # yuv420p: one colour sample for two by two pixels, repeated.
    halves = planes[height:].reshape(2, height // 2, width // 2).repeat(2, 1).repeat(2, 2)
    cb, cr = (halves - 128) * 255 / 224
    r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
    exact = np.stack([r, (luma - red * r - blue * b) / (1 - red - blue), b], axis=-1).clip(0, 255)
    (frame,) = Video(path).read([0])
    assert np.abs(frame.pixels - exact).max() < 4


def test_lossless_colours_come_back_to_the_bit(tmp_path: Path) -> None:
    video = Video(write(tmp_path / "exact.mkv", [0, 40], codec="ffv1", pixels="bgr0"))
    for frame in video.read([0, 1]):
        np.testing.assert_array_equal(frame.pixels, numbered(frame.index))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_a_file_that_is_cut_short_says_so(tmp_path: Path, suffix: str) -> None:
    # The index at the head: without it half an MP4 cannot be opened at all.
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    codec = "mpeg4" if suffix == "avi" else "libx264"
    path = write(tmp_path / f"whole.{suffix}", range(250), codec=codec, options=options, ticks=25)
    Video(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(
        VideoError, match=r"250 frames|10\.0 seconds", check=lambda error: error.code == "video-damaged"
    ) as error:
        Video(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no video" * 100, b"\x00\x00\x00\x18ftypmp42" + bytes(100)])
def test_what_is_no_video_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, check=lambda error: error.code == "video-unreadable") as error:
        Video(path)
    assert "\n" not in str(error.value)


def test_sound_alone_and_missing_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(VideoError, check=lambda error: error.code == "video-unreadable"):
        Video(path)
    with pytest.raises(VideoError, check=lambda error: error.code == "video-unreadable"):
        Video(tmp_path / "none.mp4")


def test_a_folder_of_pictures_counts_by_its_numbers(tmp_path: Path) -> None:
    for index in range(12):
        Image.fromarray(numbered(index)).save(tmp_path / f"frame{index}.png")
    frames = open_frames(tmp_path)
    assert isinstance(frames, FrameFolder) and frames.count == 12
    assert [(frame.index, number(frame.pixels)) for frame in frames.read([2, 10, 99])] == [(2, 2), (10, 10)]
    (tmp_path / "frame10.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(VideoError, match=r"frame10\.png", check=lambda error: error.code == "image-damaged"):
        list(frames.read([10]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoError, check=lambda error: error.code == "video-unreadable"):
        FrameFolder(tmp_path / "empty")
