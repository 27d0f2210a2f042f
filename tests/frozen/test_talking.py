"""Frames of `livetalk generate` stay: to the bit where this kind of machine was recorded, else to 0.2 levels."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.frozen import FACES, PORTRAITS, PROMPT, SCRIPT, film, machine, picture, process, save_speech

NEAR, FILMED = 2, 25  # tenths of a level: another processor's rounding; what H.264 loses


def fingerprint(frames: np.ndarray) -> list[str]:
    """Of each frame [t h w 3]: means of 8 x 8 blocks, of red, green and blue, and the detail, in tenths of a level."""
    grey = frames.astype(np.float64).mean(-1)
    t, size = grey.shape[:2]
    blocks = grey.reshape(t, 8, size // 8, 8, size // 8).mean((2, 4)).reshape(t, 64)
    detail = np.abs(np.diff(grey)).mean((1, 2)) + np.abs(np.diff(grey, axis=1)).mean((1, 2))
    rows = np.concatenate([blocks, frames.mean((1, 2)), detail[:, None]], 1)
    return [" ".join(str(round(10 * value)) for value in row) for row in rows]


def apart(was: dict[str, Any], now: dict[str, Any], most: int = NEAR, exact: bool = True) -> list[str]:
    """Where fingerprints differ by more than `most`, and hashes of one kind of machine at all."""
    if len(was["frames"]) != len(now["frames"]):
        return [f"{len(was['frames'])} frames were made, now {len(now['frames'])}"]
    found = []
    for i, rows in enumerate(zip(was["frames"], now["frames"], strict=True)):
        before, after = (np.array([int(word) for word in row.split()])[: None if exact else 67] for row in rows)
        if (off := np.abs(before - after).max()) > most:
            found.append(f"frame {i} is off by {off / 10} levels")
    here = machine()
    if exact and here in was["sha256"] and was["sha256"][here] != now["sha256"][here]:
        found.append(f"not the same bits as were recorded on {here}")
    return found


def test_portraits_talk_as_before(frozen, tmp_path: Path) -> None:
    process(SCRIPT, "talking", tmp_path / "frames.npy")
    for face, frames in zip(FACES, np.load(tmp_path / "frames.npy"), strict=True):
        now = {"frames": fingerprint(frames), "sha256": {machine(): hashlib.sha256(frames.tobytes()).hexdigest()}}
        frozen.same(f"talking {face}", now, apart, lambda was, now: was | {"sha256": was["sha256"] | now["sha256"]})


def test_the_command_makes_those_frames(frozen, tmp_path: Path) -> None:
    face = FACES[0]
    speech, out = save_speech(tmp_path / "speech.wav"), tmp_path / "out.mp4"
    words = [
        "--portrait",
        PORTRAITS / f"{face}.png",
        "--speech",
        speech,
        "--prompt",
        PROMPT,
        "--seed",
        0,
        "--preset",
        "tiny",
        "--out",
        out,
    ]
    said = process("-m", "livetalk", "generate", *words, folder=tmp_path)
    assert said.startswith(f"{out}: 2.0 s of video, made by AI (model tiny ")
    frames, tags = film(out)
    frozen.same("talking film", {"tags": sorted(tags), "shape": list(frames.shape)})
    was = frozen.recorded(f"talking {face}")
    assert was is not None, "record the frames first: run pytest tests/frozen --record"
    assert not apart(was, {"frames": fingerprint(frames)}, FILMED, exact=False)


def test_a_face_a_little_different_is_noticed() -> None:
    frames = np.stack([picture(face) for face in FACES])
    was = {"frames": fingerprint(frames), "sha256": {}}
    brighter = frames.copy()
    brighter[1, :32, :32] -= 1
    for changed in (np.roll(frames, 1, 2), brighter, frames[::-1], frames[:1]):
        assert apart(was, {"frames": fingerprint(changed), "sha256": {}})
    one = frames.copy()
    one[0, 0, 0, 0] ^= 1  # a single bit
    assert not apart(was, {"frames": fingerprint(one), "sha256": {}})
    assert apart(was | {"sha256": {machine(): "a"}}, {"frames": fingerprint(one), "sha256": {machine(): "b"}})
