"""Files of cues: valid at every moment, and completed by a second run."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from foxstream.captions import JSON_LINES, SRT, VTT, Cue, CueFile
from foxstream.errors import FoxError, InvalidInputError
from tests.fulldisk import full_disk

__all__ = ["full_disk"]

FORMATS = pytest.mark.parametrize("form", [VTT, SRT, JSON_LINES], ids=lambda each: each.name)
SOURCE = "clip.mp4, 12 bytes"


def cue(window: int, text: str = "A fox\nruns.", error: str | None = None) -> Cue:
    return Cue(4.0 * window, 4.0 * window + 4, text, True, window, error)


def read(path, form):
    name = "vtt" if form is VTT else "srt"
    return list(webvtt.from_buffer(io.StringIO(path.read_text(encoding="utf-8")), format=name))


@FORMATS
def test_what_is_written_is_read_again(tmp_path, form):
    file = CueFile(tmp_path / "clip", form, SOURCE)
    for window in range(3):
        file.write(cue(window, f"<b>A & B</b> --&gt;\nwindow {window}"))
    again = CueFile(tmp_path / "clip", form, SOURCE)
    assert [each.text for each in again.cues] == [each.text for each in file.cues]
    assert [(each.start, each.end) for each in again.cues] == [(0, 4), (4, 8), (8, 12)]


@pytest.mark.parametrize("form", [VTT, SRT], ids=lambda each: each.name)
def test_another_library_reads_it(tmp_path, form):
    path = tmp_path / "clip"
    file = CueFile(path, form, SOURCE)
    file.write(Cue(3599.9996, 3600.5, "one\ntwo", True, 0))
    file.write(Cue(3600.5, 3600.5001, "three", True, 1))
    first, second = read(path, form)
    assert first.start.replace(",", ".") == "01:00:00.000"
    assert first.lines == ["one", "two"]
    assert second.end.replace(",", ".") == "01:00:00.501"


def test_the_bytes_of_a_vtt(tmp_path):
    file = CueFile(tmp_path / "clip.vtt", VTT, SOURCE)
    file.write(cue(0, "a < b & c --> d"))
    file.write(cue(1, "", "the --> answer\nhas no text"))
    assert file.path.read_bytes().decode() == (
        "WEBVTT\n\nNOTE captions of clip.mp4, 12 bytes\n\n"
        "0.1\n00:00:00.000 --> 00:00:04.000\na &lt; b &amp; c --&gt; d\n\n"
        "NOTE no captions from 00:00:04.000 to 00:00:08.000: the -> answer has no text\n\n"
    )
    assert len(read(file.path, VTT)) == 1


@FORMATS
def test_a_file_cut_off_anywhere_is_completed(tmp_path, form):
    path = tmp_path / "clip"
    file = CueFile(path, form, SOURCE)
    for window in range(2):
        file.write(cue(window))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        again = CueFile(path, form, SOURCE)
        for window in range(len(again.cues), 2):
            again.write(cue(window))
        assert path.read_bytes() == whole


@FORMATS
def test_a_gap_is_filled_in_order(tmp_path, form):
    path = tmp_path / "clip"
    file = CueFile(path, form, SOURCE)
    file.write(cue(0))
    file.write(cue(1, "", "it failed"))
    file.write(cue(2))
    again = CueFile(path, form, SOURCE)
    assert [each.start for each in again.cues] == [0, 8]
    again.write(cue(1, "now it has words"))
    third = CueFile(path, form, SOURCE)
    assert [each.start for each in third.cues] == [0, 4, 8]
    assert "it failed" not in path.read_text()


def test_a_cue_gives_way_to_the_one_at_its_time(tmp_path):
    file = CueFile(tmp_path / "clip", JSON_LINES, SOURCE)
    file.write(Cue(0, 2.5, "half of it", True, 0))
    file.write(Cue(0, 2, "the", True, 0))
    file.write(Cue(2, 4, "whole", True, 0))
    head, *lines = file.path.read_text().splitlines()
    assert json.loads(head) == {"captions_of": SOURCE}
    assert [json.loads(line)["text"] for line in lines] == ["the", "whole"]


@FORMATS
@given(text=st.text(min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_survives(form, text):
    shown = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
    if not shown or "\0" in shown:
        return
    block = form.block(1, Cue(0, 4, shown, True, 0))
    [found] = form.parse(form.head(SOURCE) + block)
    assert found.text.split() == shown.split()


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (VTT, b"dear diary\n\n"),
        (VTT, b"\xff\xfe"),
        (VTT, b"WEBVTT\n\n00:00.000 --> 00:01.000\nmade elsewhere\n\n"),
        (SRT, b"dear diary"),
        (SRT, b"1\n2 apples\n"),
        (SRT, b"dear diary\n\n"),
        (JSON_LINES, b"dear diary\n"),
        (JSON_LINES, b'{"start": "x"}\n'),
        (JSON_LINES, JSON_LINES.head(SOURCE).encode() + b'{"start": "x"}\n'),
    ],
)
def test_what_is_not_ours_is_refused_and_kept(tmp_path, form, content):
    path = tmp_path / "clip"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="exists and is no"):
        CueFile(path, form, SOURCE)
    assert path.read_bytes() == content


@pytest.mark.parametrize("form", [VTT, JSON_LINES], ids=lambda each: each.name)
def test_captions_of_another_video_are_refused_and_kept(tmp_path, form):
    file = CueFile(tmp_path / "clip", form, SOURCE)
    file.write(cue(0))
    before = file.path.read_bytes()
    with pytest.raises(
        InvalidInputError, match=f"has captions of {SOURCE}, not of other.mp4, 3 bytes: remove it"
    ):
        CueFile(tmp_path / "clip", form, "other.mp4, 3 bytes")
    assert file.path.read_bytes() == before


@FORMATS
def test_an_error_takes_no_captions_away(tmp_path, form):
    file = CueFile(tmp_path / "clip", form, SOURCE)
    file.write(Cue(0, 2.5, "half of it", True, 0))
    file.write(cue(0, "", "it failed"))
    assert [each.text for each in CueFile(file.path, form, SOURCE).cues] == ["half of it"]


@FORMATS
def test_what_is_inserted_is_written_seldom_and_lost_never(tmp_path, form, monkeypatch):
    made = []
    replace = CueFile._replace
    monkeypatch.setattr(CueFile, "_replace", lambda file: (made.append(1), replace(file)))
    file = CueFile(tmp_path / "clip", form, SOURCE)
    for window in [*range(500, 1000), *range(500), 1000]:
        file.write(cue(window))
    assert len(made) < 64
    assert len(CueFile(file.path, form, SOURCE).cues) > 980
    file.close()
    again = CueFile(file.path, form, SOURCE)
    assert [each.start for each in again.cues] == [4.0 * window for window in range(1001)]
    file.close()  # nothing is left to do


def test_a_link_stays_one(tmp_path):
    link = tmp_path / "link.vtt"
    link.symlink_to(tmp_path / "clip.vtt")
    CueFile(link, VTT, SOURCE).write(cue(0))
    assert link.is_symlink()
    assert len(read(tmp_path / "clip.vtt", VTT)) == 1


@FORMATS
def test_what_could_not_be_written_comes_with_the_next(tmp_path, form, full_disk):
    file = CueFile(tmp_path / "clip", form, SOURCE)
    file.write(cue(0))
    whole = file.path.read_bytes()
    with full_disk(len(whole) + 20), pytest.raises(FoxError, match="clip cannot be written: File"):
        file.write(cue(1))
    assert file.path.read_bytes() == whole
    file.write(cue(2))
    assert [each.start for each in CueFile(file.path, form, SOURCE).cues] == [0, 4, 8]


def test_what_could_not_be_inserted_is_told_too(tmp_path, full_disk):
    file = CueFile(tmp_path / "clip.vtt", VTT, SOURCE)
    for window in range(1, 100):
        file.write(cue(window))
    file.write(cue(0))
    whole = file.path.read_bytes()
    with full_disk(len(whole)), pytest.raises(FoxError, match="cannot be written"):
        file.close()
    assert file.path.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [file.path]
    file.close()
    assert len(CueFile(file.path, VTT, SOURCE).cues) == 100


@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero", "/dev/null"])
def test_no_device_is_taken_for_a_file(device):
    with pytest.raises(InvalidInputError, match=f"{device} is no regular file"):
        CueFile(device, VTT, SOURCE)


def test_nothing_large_is_read(tmp_path):
    with (tmp_path / "clip.vtt").open("wb") as file:
        file.truncate(2 * 1024**3)
    with pytest.raises(InvalidInputError, match="is no WebVTT that was made here"):
        CueFile(tmp_path / "clip.vtt", VTT, SOURCE)


def test_where_nothing_can_be_written_it_is_told(tmp_path):
    with pytest.raises(InvalidInputError, match=r"missing/clip.vtt cannot be written"):
        CueFile(tmp_path / "missing" / "clip.vtt", VTT, SOURCE)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        CueFile(tmp_path, VTT, SOURCE)


def test_json_lines_hold_all_of_a_cue():
    assert msgspec.json.decode(JSON_LINES.block(1, cue(2))) == {
        "start": 8.0,
        "end": 12.0,
        "text": "A fox\nruns.",
        "final": True,
        "window": 2,
        "error": None,
    }


def test_only_a_format_with_room_for_it_names_the_video():
    assert [form.names_source for form in (VTT, JSON_LINES, SRT)] == [True, True, False]
    assert VTT.source_of(VTT.head("a.mp4")) == JSON_LINES.source_of(JSON_LINES.head("a.mp4"))
    assert SRT.source_of("1\n00:00:00,000 --> 00:00:01,000\nA fox.\n\n") is None
