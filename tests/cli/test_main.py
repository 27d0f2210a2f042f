"""The command makes a video out of files, and one sentence out of every mistake."""

import io
import json
import math
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from livetalk.avatar.blocks import TimedBlock
from livetalk.cli import console, outputs
from livetalk.cli.model import ModelOptions
from livetalk.media import read_frames
from livetalk.runtime.process import Notice, ending_signals
from tests.helpers.blocks import timed
from tests.helpers.signals import signals_act

PHOTO = Path(__file__).parents[1] / "real" / "portrait.jpg"


class FakePerformer:
    """Shows the portrait in blocks of 9 and then 12 frames, brighter while it is spoken to."""

    version = "fake-1"
    seen: np.ndarray
    prompt: str

    def perform(self, portrait: np.ndarray, speech: Iterator[np.ndarray], prompt: str) -> Iterator[TimedBlock]:
        return timed(self.parts(portrait, speech, prompt))

    def parts(self, portrait: np.ndarray, speech: Iterator[np.ndarray], prompt: str) -> Iterator[np.ndarray]:
        self.seen, self.prompt = portrait, prompt
        heard, shown = 0, 0
        for piece in speech:
            assert piece.dtype == np.float32
            assert piece.ndim == 1
            heard += len(piece)
            while shown * 1_000 + 12_000 + 2_880 <= heard:  # the look-ahead of the real one
                yield (block := self.block(shown))
                shown += len(block)
        while shown * 1_000 < heard:
            yield (block := self.block(shown)[: -(-heard // 1_000) - shown])
            shown += len(block)

    def block(self, shown: int) -> np.ndarray:
        return np.broadcast_to(self.seen, (12 if shown else 9, 256, 256, 3))


@pytest.fixture
def performer(monkeypatch: pytest.MonkeyPatch) -> FakePerformer:
    fake = FakePerformer()
    monkeypatch.setattr(ModelOptions, "load", lambda options: fake)
    return fake


@pytest.fixture
def assets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, save_sound, tone) -> Path:
    """An installation with two faces and one voice."""
    folder = tmp_path / "assets"
    for name in ("avatars", "speech", "tiny"):
        (folder / name).mkdir(parents=True)
    for level, name in ((80, "ann"), (160, "bob")):
        Image.new("RGB", (256, 256), (level, level, level)).save(folder / "avatars" / f"{name}.jpg")
    save_sound(tone(1.0)).rename(folder / "speech" / "hello.wav")
    monkeypatch.setattr(console, "ASSETS", folder)
    return folder


@pytest.mark.parametrize("seconds", [0.1, 0.5625, 0.6, 2.0, 3.33])
def test_the_video_is_as_long_as_the_speech(livetalk, performer, save_sound, tone, tmp_path: Path, seconds: float):
    speech, out = save_sound(tone(seconds)), tmp_path / "out.mp4"
    code, said, err = livetalk("generate", "--portrait", PHOTO, "--speech", speech, "--out", out, "--seed", 7)
    assert code == 0
    assert [line.split(": ")[:2] for line in err.splitlines()] == [["warning", str(PHOTO)], ["warning", str(speech)]]
    assert said.startswith(str(out))
    with av.open(str(out)) as container:
        assert container.streams.video[0].frames == math.ceil(round(seconds * 16_000) / 1_000)
        audio = container.streams.audio[0]
        assert float(audio.duration * audio.time_base) == pytest.approx(seconds, abs=0.001)
        tags = container.metadata
    assert (tags["model"], tags["model_version"], tags["seed"]) == ("tiny", "fake-1", "7")


def test_silence_gives_an_idle_face(livetalk, performer, save_sound, tmp_path: Path):
    speech = save_sound(np.zeros(16_000))
    code, *_ = livetalk("generate", "--portrait", PHOTO, "--speech", speech, "--out", tmp_path / "a.mp4")
    assert code == 0
    assert len(list(read_frames(tmp_path / "a.mp4"))) == 16


def test_without_options_a_bundled_face_says_a_bundled_sentence(
    livetalk, performer, assets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    code, _, err = livetalk("generate")
    assert (code, err) == (0, "")
    assert performer.seen.mean() == 80
    assert len(list(read_frames("talking.mp4"))) == 16


def test_an_avatar_is_chosen_by_name_and_never_reframed(livetalk, performer, assets: Path, tmp_path: Path):
    out = tmp_path / "a.mp4"
    assert livetalk("generate", "--avatar", "bob", "--prompt", "she nods", "--out", out)[0] == 0
    assert performer.seen.mean() == 160
    assert performer.prompt == "she nods"
    code, _, err = livetalk("generate", "--avatar", "carl", "--out", out)
    assert (code, err) == (2, "livetalk: there is no avatar 'carl': choose one of ann, bob\n")


def test_every_mistake_is_one_sentence_and_exit_code_2(livetalk, performer, save_sound, tone, tmp_path: Path):
    speech = save_sound(tone(0.3))
    (tmp_path / "empty.wav").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "corrupt.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
    Image.new("RGB", (300, 200), "teal").save(tmp_path / "nobody.png")
    good = {"--portrait": PHOTO, "--speech": speech, "--out": tmp_path / "out.mp4"}
    for option, value, words in [
        ("--portrait", tmp_path / "missing.png", "does not exist: check the path"),
        ("--portrait", tmp_path / "nobody.png", "no face was found: give a photo"),
        ("--portrait", tmp_path / "corrupt.png", "export it anew"),
        ("--portrait", speech, "cannot be understood as a picture"),
        ("--speech", tmp_path / "missing.wav", "does not exist: check the path"),
        ("--speech", tmp_path / "empty.wav", "is empty"),
        ("--speech", PHOTO, "has no sound in it"),
        ("--speech", tmp_path / "folder", "is a folder"),
        ("--out", tmp_path / "nowhere" / "out.mp4", "does not exist: make it first"),
        ("--out", tmp_path / "out.avi", "ends in .mp4"),
        ("--out", tmp_path / "folder", "is a folder: give --out a file name"),
        ("--avatar", "ann", "exclude each other"),
    ]:
        words_given = [word for pair in (good | {option: value}).items() for word in pair]
        code, said, err = livetalk("generate", *words_given)
        assert (code, said) == (2, "")
        assert words in err
        assert err.startswith("livetalk: ")
        assert err.count("\n") == 1
        assert not (tmp_path / "out.mp4").exists()


def test_a_word_that_is_no_option_is_exit_code_2(livetalk):
    for words in (["generate", "--potrait", "x.png"], ["generate", "--seed", "-1"], ["genrate"]):
        code, said, err = livetalk(*words)
        assert (code, said) == (2, "")
        assert "Error: " in err
        assert "Traceback" not in err


def test_a_fault_of_ours_is_not_dressed_up_as_a_mistake(livetalk, performer, save_sound, tone, tmp_path: Path):
    performer.block = lambda shown: 1 / 0
    words = ["generate", "--portrait", PHOTO, "--speech", save_sound(tone(0.3)), "--out", tmp_path / "a.mp4"]
    with pytest.raises(ZeroDivisionError):
        livetalk(*words)
    assert not list(tmp_path.glob("*.mp4*"))


def test_a_disk_that_fills_up_is_one_sentence(livetalk, performer, save_sound, tone, tmp_path: Path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    words = ["generate", "--portrait", PHOTO, "--speech", save_sound(tone(0.3)), "--out", tmp_path / "a.mp4"]
    code, _, err = livetalk(*words)
    assert code == 2
    assert "the disk of" in err
    assert "is full: make room" in err


SLOW = """
import sys, time
import numpy as np
from livetalk.avatar.blocks import TimedBlock
from livetalk.cli import main
from livetalk.cli.model import ModelOptions

class Slow:
    version = "slow"
    def perform(self, portrait, speech, prompt):
        print("started", flush=True)
        while True:
            yield TimedBlock(0, 0, np.zeros((9, 256, 256, 3), np.uint8), np.zeros(9_000, np.float32), True)
            time.sleep(0.1)

ModelOptions.load = lambda options: Slow()
main.main()
"""


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupt_leaves_no_file_and_no_traceback(save_sound, tone, tmp_path: Path, sign: int, code: int):
    words = ["generate", "--portrait", PHOTO, "--speech", save_sound(tone(0.3)), "--out", tmp_path / "out" / "a.mp4"]
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", SLOW, *map(str, words)]
    with signals_act():
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with started as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(0.3)
        process.send_signal(sign)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert list((tmp_path / "out").iterdir()) == []


def test_under_nohup_a_hangup_is_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_DFL)
    assert ending_signals() == (signal.SIGTERM, signal.SIGHUP)
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
    assert ending_signals() == (signal.SIGTERM,)


def test_an_input_is_never_replaced_however_it_is_called(
    livetalk, performer, save_sound, tone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mine = save_sound(tone(0.3)).rename(tmp_path / "mine.mp4")
    content = mine.read_bytes()
    (tmp_path / "soft.mp4").symlink_to(mine)
    (tmp_path / "hard.mp4").hardlink_to(mine)
    monkeypatch.chdir(tmp_path)
    for name in (mine, "mine.mp4", "./mine.mp4", f"../{tmp_path.name}/mine.mp4", "soft.mp4", "hard.mp4"):
        code, said, err = livetalk("generate", "--portrait", PHOTO, "--speech", mine, "--out", name, "--yes")
        assert (code, said) == (2, "")
        assert "would be replaced by what is made of it" in err
        assert err.count("\n") == 1
        assert mine.read_bytes() == content
    assert livetalk("generate", "--portrait", PHOTO, "--speech", mine, "--out", "other.mp4")[0] == 0


def test_a_person_is_asked_before_a_video_is_replaced_and_a_script_is_not(
    livetalk, performer, save_sound, tone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    words = ["generate", "--portrait", PHOTO, "--speech", save_sound(tone(0.3)), "--out", tmp_path / "a.mp4"]
    for _ in range(2):
        assert livetalk(*words)[0] == 0
    monkeypatch.setattr(outputs.err, "_force_terminal", True)
    for answer, code in (("n\n", 2), ("", 2), ("\n", 2), ("y\n", 0), ("Yes\n", 0)):
        terminal = io.StringIO(answer)
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", terminal)
        (tmp_path / "a.mp4").write_bytes(b"older")
        left, _, err = livetalk(*words)
        assert left == code
        assert "Replace it? [y/N]" in err
        assert ((tmp_path / "a.mp4").read_bytes() == b"older") == (code == 2)
    assert "Replace" not in livetalk(*words, "--yes")[2]


def test_a_long_prompt_is_one_sentence_without_a_librarys_file(livetalk, performer, save_sound, tone, tmp_path: Path):
    def perform(*_: object) -> Iterator[TimedBlock]:
        warnings.warn("the prompt is long: say it in fewer words", Notice, stacklevel=1)
        warnings.warn("something of a library's", UserWarning, stacklevel=1)
        return iter(())

    performer.perform = perform
    words = ["generate", "--portrait", PHOTO, "--speech", save_sound(tone(0.3)), "--out", tmp_path / "a.mp4"]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, err = livetalk(*words)
    assert code == 0
    assert err.splitlines()[-1] == "livetalk: the prompt is long: say it in fewer words"
    assert "library" not in err


def test_weights_that_are_not_there_are_told_apart(livetalk, save_sound, tone, tmp_path: Path):
    speech = save_sound(tone(0.3))
    (tmp_path / "some").mkdir()
    for options, sentence in [
        (["--preset", "miniature"], "preset miniature comes without weights: train it, or give a folder"),
        (["--weights", tmp_path / "none"], "none does not exist: check its path"),
        (["--weights", speech], "is a file: check its path"),
        (["--weights", tmp_path / "some"], "some has no codec.safetensors, student.safetensors"),
    ]:
        code, said, err = livetalk("generate", "--speech", speech, "--out", tmp_path / "a.mp4", *options)
        assert (code, said) == (2, "")
        assert sentence in err
        assert "reinstall" not in err


def test_python_m_livetalk_is_the_same_command(tmp_path: Path):
    words = [sys.executable, "-m", "livetalk", "generate", "--portrait", "nobody.png", "--out", "a.mp4"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "livetalk: nobody.png does not exist: check the path of the portrait\n"


def test_version_names_package_and_model(livetalk):
    from livetalk import __version__
    from livetalk.weights import load_tensors

    student = Path(__file__).parents[2] / "livetalk/assets/tiny/student.safetensors"
    model = load_tensors(student)[1]["version"]
    assert livetalk("--version") == (0, f"livetalk {__version__}\nmodel tiny {model}\n", "")


def test_bench_prints_its_figures_and_writes_them(livetalk, performer, assets: Path, tmp_path: Path):
    code, said, _ = livetalk("bench", "--seconds", 3, "--json", tmp_path / "bench.json")
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert code == 0
    assert figures["frames"] == 48
    for name in ("first_frame_seconds", "frames_per_second", "peak_rss_bytes", "load_seconds"):
        assert figures[name] > 0
        assert name in said


def test_doctor_names_what_is_missing(livetalk, assets: Path):
    code, said, _ = livetalk("doctor")
    assert code == 1
    assert "bundled model" in said
    assert "ann, bob" in said
    for name in ("codec", "student", "speech", "text"):
        (assets / "tiny" / f"{name}.safetensors").write_bytes(bytes(500_000))
    code, said, _ = livetalk("doctor")
    assert code == 0
    assert "2.0 MB" in said
