"""The full preset walks the same path as `tiny`: at a shrunken size here, from files and from random numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from livetalk.avatar.blocks import TimedBlock
from livetalk.live.engine import LivePerformer
from livetalk.performer.options import LoadOptions
from livetalk.performer.performer import Performer
from livetalk.presets import DIT_1_3B, FULL, MINIATURE_FULL
from livetalk.published.hub import WAN
from tests.helpers.published import published_folder

RANDOM = LoadOptions(random_weights=True, device="cpu")
NAME = MINIATURE_FULL.name


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    return published_folder(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def performer() -> Performer:
    return Performer.load(NAME, dtype=torch.float32, options=RANDOM)


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return 0.1 * np.random.default_rng(1).standard_normal(20_000).astype(np.float32)


def play(performer, face, pieces, prompt="a person"):
    return np.concatenate([block.frames for block in performer.perform(face, pieces, prompt)])


def test_published_files_make_a_video_and_the_encoder_is_not_loaded_twice(files, face, speech):
    performer = Performer.load(NAME, folder=files, dtype=torch.float32)
    frames = play(performer, face, [speech])
    assert frames.shape == (20, 64, 64, 3)  # it ends where the speech ends
    assert frames[1:].std() > 1
    encoder = files / WAN.repo / "models_t5_umt5-xxl-enc-bf16.pth"
    hidden = encoder.rename(encoder.with_suffix(".away"))
    # Without its file a kept prompt still works and a new one says what is missing; the name of the file's content
    # is part of what is kept, so the same performer is asked.
    assert np.array_equal(play(performer, face, [speech]), frames)
    with pytest.raises(ValueError, match=r"new and .*umt5.* livetalk download 1\.3b"):
        performer.networks.encode_prompt("somebody else")
    hidden.rename(encoder)


def test_missing_files_are_named_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"has no GAIR/.*model.safetensors and no Wan-AI/.*: run livetalk download"):
        Performer.load("1.3b", folder=tmp_path)


def test_files_of_another_size_are_refused_by_name_and_shape(files):
    with pytest.raises(ValueError, match=r"do not fit DiT: .*blocks"):
        Performer.load("1.3b", folder=files, options=LoadOptions(device="cpu"))


def test_pieces_do_not_matter(performer, face, speech):
    whole = play(performer, face, [speech])
    assert np.array_equal(play(performer, face, np.array_split(speech, 7)), whole)


def test_a_second_device_decodes_the_same_frames(performer, face, speech):
    two = Performer.load(NAME, dtype=torch.float32, options=LoadOptions(random_weights=True, device="cpu, cpu"))
    assert np.array_equal(play(two, face, [speech]), play(performer, face, [speech]))


@pytest.mark.parametrize("names", ["nowhere", "cuda:99", "cpu,cpu,cpu"])
def test_a_device_that_is_not_there_is_refused(names):
    with pytest.raises(ValueError, match=r"is not a device|cannot be used"):
        Performer.load(NAME, options=LoadOptions(random_weights=True, device=names))


def test_speech_is_heard(performer, face, speech):
    assert not np.array_equal(play(performer, face, [speech]), play(performer, face, [speech[::-1].copy()]))


def test_a_live_session_gives_the_frames_of_an_offline_one(performer, face, speech):
    offline = play(performer, face, [speech])
    with LivePerformer(performer, sessions=1) as engine:
        session = engine.open(face, "a person")
        session.push(speech)
        session.end()
        seen = []
        while sum(map(len, seen)) < len(offline):
            block = session.take(timeout=30)
            assert isinstance(block, TimedBlock)
            seen.append(block.frames)
        with pytest.raises(ValueError, match="3 GB"):  # gigabytes every few seconds would stop the talk
            session.snapshot_behind()
    # An offline stream's first block has all cores: a sum may be rounded differently by a grey level.
    difference = np.concatenate(seen)[: len(offline)].astype(int) - offline
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("shown", [9 + 1, 9 + 5])
def test_an_interrupt_finds_the_decoders_memory_that_was_not_kept(performer, face, speech, shown):
    """It is kept once a block and made again from there: the same frames as if kept at every latent frame."""
    from livetalk.performer.stages import decode, denoise
    from livetalk.performer.stream import AvatarStream

    made = []
    for kept in (True, False):
        networks = replace(performer.networks, keeps_carries=kept)
        slot = networks.kv_pool(1).open()
        stream = AvatarStream(networks, slot, face, "a person", 0)
        stream.push(speech)
        stream.end()
        for _ in range(2):
            records = denoise(networks, [stream], [stream.plan()])
            decode(networks, [stream], records)
        job = stream.interrupt(shown) or stream.plan()
        made.append(decode(networks, [stream], denoise(networks, [stream], [job]))[0])
        slot.close()
    assert len(made[0]) in (4, 8, 12)
    assert np.array_equal(*made)


# As published: absolute positions, the whole clip heard at once, the published time steps; offline only.


@pytest.fixture(scope="module")
def faithful() -> Performer:
    return Performer.load(
        NAME, dtype=torch.float32, options=LoadOptions(as_published=True, random_weights=True, device="cpu")
    )


def test_its_ladder_is_the_published_one(faithful):
    assert faithful.networks.steps.timesteps == (1000.0, 936.0, 832.0, 624.0)
    assert faithful.networks.steps.sigmas == pytest.approx((1, 0.9375, 0.8333333, 0.625))
    assert faithful.networks.quick_steps == faithful.networks.steps


def test_it_waits_for_all_of_the_speech(faithful, face, speech):
    told = []

    def pieces():
        for piece in np.array_split(speech, 4):
            told.append(len(piece))
            yield piece

    blocks = faithful.perform(face, pieces(), "a person")
    first = next(blocks)
    assert sum(told) == len(speech)
    assert sum(len(block.frames) for block in (first, *blocks)) == 20


def test_the_clip_is_encoded_as_the_authors_do(faithful):
    """Five seconds of their clips: 80,000 samples are heard as 81 frames."""
    sound = 0.1 * torch.randn(80_000, generator=torch.Generator().manual_seed(0))
    track = faithful.networks.new_speech_buffer()
    track.push(sound.numpy(), 16_000)
    assert not track.ready(9)
    track.end()
    rows = torch.cat([track.next(n).rows for n in (9, *[12] * 6)])
    assert torch.equal(rows, faithful.networks.speech.clip(sound[None], 81)[0])


def test_speech_beyond_the_published_positions_is_refused(faithful):
    track = faithful.networks.new_speech_buffer()
    track.push(np.zeros(256 * 16_000, np.float32), 16_000)
    with pytest.raises(ValueError, match=r"255 s.*leave out --as-published"):
        track.end()


def test_live_sessions_refuse_it(faithful):
    with pytest.raises(ValueError, match="live sessions run without it"):
        LivePerformer(faithful)


def test_a_bundled_preset_has_no_such_mode():
    with pytest.raises(ValueError, match=r"--preset 1\.3b"):
        Performer.load("tiny", options=LoadOptions(as_published=True))


def test_the_full_preset_is_the_published_one():
    assert FULL.dit == DIT_1_3B
    assert FULL.geometry.tokens_per_latent == 1024
    assert FULL.geometry.window_latents == 15
    assert FULL.speech is not None
    assert FULL.speech.row == DIT_1_3B.audio_dim == 10_752


def test_a_block_of_full_size_has_its_shapes():
    """On a device without memory: the path's arithmetic of shapes, the window full."""
    from livetalk.dit.model import DiT
    from livetalk.performer.kv_pool import PoolShape, StatePool

    g, c = FULL.geometry, FULL.dit
    with torch.device("meta"):
        model = DiT(c).bfloat16()
        pool = StatePool(PoolShape.of(c, g), 1, torch.bfloat16, "meta")
        x = torch.empty(1, 16, 3, 64, 64)
        t, audio = torch.empty(1, 3), torch.empty(1, 3, 4 * 10_752)
        text = model.project_text(torch.empty(1, 512, 4096))
        turn = model.rope(torch.empty(15), (32, 32))
        rooms = pool.rooms([(0, 1, 2, 3)], turn[: 12 * 1024])
        given = torch.empty(1, 17, 3, 64, 64)
        out = model(x, t, given, text, audio, turn[12 * 1024 :], rooms)
        own = model.compute_kv(x, t, given, text, audio, turn[12 * 1024 :], rooms)
    assert out.shape == x.shape
    assert len(own) == 30
    assert own[29][0].shape == (1, 3072, 12, 128)
    assert rooms[0].keys.shape == (1, 15 * 1024, 12, 128)
