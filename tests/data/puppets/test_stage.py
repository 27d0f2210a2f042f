"""A seed stages a puppet: which portrait, how it is changed, and acting that begins as the photograph."""

import numpy as np
import pytest

from livetalk.data.acting.performance import HELD_OUT_FROM
from livetalk.data.acting.prompts import Acting
from livetalk.data.clips import SILENCE, Timelines
from livetalk.data.heads.mesh import gaze
from livetalk.data.puppets.acting import BOUND, perform_puppet
from livetalk.data.puppets.portraits import Portraits
from livetalk.data.puppets.puppet import own_pose, own_weights
from livetalk.data.puppets.stage import PuppetStage, as_shown
from tests.helpers.portraits import rendered_portrait

FACE = {"mouthSmileLeft": 0.7, "mouthSmileRight": 0.7, "browInnerUp": 0.4, "jawOpen": 0.2}


def line(name: str, voice: str) -> dict:
    phonemes = [["b", 0.5, 0.7], ["ɑ", 0.7, 1.2], ["m", 1.2, 1.4], ["ɑ", 1.4, 2.0]]
    return {"id": name, "voice": voice, "seconds": 8.0, "phonemes": phonemes}


@pytest.fixture(scope="module")
def portrait():
    return rendered_portrait(3, FACE, (0.12, -0.05, 0.03))


@pytest.fixture(scope="module")
def stage(portrait):
    from dataclasses import replace

    held_out = replace(portrait, name="apart", held_out=True)
    speech = Timelines([line("t0_00000", "af_bella"), line("t0_00001", "am_adam"), line("h0_00000", "am_eric")])
    return PuppetStage(Portraits.joined([Portraits.of(portrait), Portraits.of(held_out)]), speech, 40)


def test_a_clip_begins_as_the_photograph(stage):
    for seed in range(6):
        scene = stage(seed)
        subject, act = scene.subject, scene.performance
        weights, pose = as_shown((own_weights(subject.portrait), own_pose(subject.portrait)), subject.variation)
        assert np.allclose(act.weights[0], weights, atol=1e-4)
        assert np.allclose(act.pose[0], pose, atol=1e-4)
        assert ((act.weights >= 0) & (act.weights <= 1)).all()
        assert (np.abs(act.pose - act.pose[0]) <= BOUND + 1e-6).all()


def test_the_photographed_smile_gives_way_and_brows_stay_a_little(portrait):
    own = own_weights(portrait), own_pose(portrait)
    acts = [perform_puppet(seed, own, SILENCE, frames=40, acting=Acting(mentioned=("head",))) for seed in range(12)]
    from livetalk.data.arkit import INDEX

    smiles = [float(act.weights[20:, INDEX["mouthSmileLeft"]].mean()) for act in acts]
    assert min(smiles) < 0.02
    assert max(smiles) < 0.4
    assert all(act.weights[20:, INDEX["browInnerUp"]].min() > 0.1 for act in acts)


def test_eyes_rest_on_the_viewer_while_the_head_turns(portrait):
    own = own_weights(portrait), own_pose(portrait)
    act = perform_puppet(5, own, SILENCE, frames=80, acting=Acting(head="shake", mentioned=("head",)))
    looks = gaze(act.weights)[:, 0] + 0.9 * act.pose[:, 0]
    assert np.ptp(act.pose[:, 0]) > 0.1
    assert np.median(np.abs(looks)) < 0.06


def test_the_same_seed_is_the_same_scene_and_held_out_seeds_keep_apart(stage):
    one, two = stage(4), stage(4)
    assert np.array_equal(one.performance.weights, two.performance.weights)
    assert one.subject.variation == two.subject.variation
    assert (one.utterance, one.start_frame) == (two.utterance, two.start_frame)
    assert {stage(seed).subject.portrait.name for seed in range(8)} == {"rendered_3"}
    far = stage(HELD_OUT_FROM + 1)
    assert (far.subject.portrait.name, far.utterance) == ("apart", 2)
    assert len({stage(seed).subject.variation for seed in range(8)}) == 8


def test_missing_portraits_are_told(portrait, stage, tmp_path):
    alone = PuppetStage(Portraits.of(portrait), Timelines([line("t0_00000", "af_bella")]), 40)
    with pytest.raises(ValueError, match="livetalk data pack"):
        alone(HELD_OUT_FROM)
    with pytest.raises(ValueError, match="file of portraits"):
        PuppetStage.open(tmp_path / "none.npz", Timelines([line("t0_00000", "af_bella")]))
