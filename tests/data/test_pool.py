"""Clips are rendered by several processes while they are read, within bounds, and stop cleanly."""

import importlib
import time

import numpy as np
import pytest

from livetalk.data.clips import Timelines, stage
from livetalk.data.mixture import holds_puppets, looks_photographed, numbers, puppet_processes
from livetalk.data.pool import ClipPool, PoolConfig
from livetalk.data.puppets import PuppetStage
from livetalk.data.puppets.portraits import Portraits
from livetalk.data.shards import read_shards
from livetalk.data.speech import Utterance, add
from livetalk.voice.timing import Phoneme
from tests.helpers.portraits import rendered_portrait

FAKE = """
import numpy as np
class Painter:
    def __init__(self, device): self.device = device
    def dress(self, look): self.tone = look.seed % 251
    def render(self, weights, pose): return np.full((len(weights), 8, 8, 3), self.tone, np.uint8)
    def boxes(self, weights, pose): return np.zeros((len(weights), 3, 2), np.float32)
    def opening(self, weights): return weights[:, 24]
    def close(self): pass
class PuppetPainter(Painter):
    def dress(self, subject): self.tone = len(subject.portrait.name)
class Photographer(Painter):
    def dress(self, look): self.tone = 252
class Broken(Painter):
    def render(self, weights, pose): raise OSError("the paint is dry")
"""


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    edges = np.linspace(0, 6, 31)
    phonemes = tuple(Phoneme("ˈɑbnim "[i % 7], edges[i], edges[i + 1]) for i in range(30))
    for n, voice in enumerate(("af_bella", "am_adam")):
        add(folder, Utterance(f"t0_{n:05d}", "bin", voice, np.zeros(96_000, np.float32), phonemes))
    return folder


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A module that the rendering processes can import."""
    (tmp_path / "painter_for_pool.py").write_text(FAKE)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("painter_for_pool")


def config(tmp_path, speech, **changes) -> PoolConfig:
    usual = {"processes": 2, "clips": 3, "most": 4, "frames": 9, "first_seed": 100, "shards": 4}
    return PoolConfig(folder=str(tmp_path / "pool"), speech=str(speech), **{**usual, **changes})


def test_every_shard_comes_once_whole_and_as_its_seeds_say(tmp_path, speech, fake):
    pool = ClipPool(config(tmp_path, speech), fake.Painter)
    with pool:
        shards = list(pool.shards())
        assert sorted(shard.path.name for shard in shards) == [f"shard_{n:06d}.npz" for n in range(4)]
        assert sorted(int(s) for shard in shards for s in shard.seed) == list(range(100, 112))
        lines = Timelines.read(speech)
        for shard in shards:
            assert shard.frames.shape == (3, 9, 8, 8, 3)
            assert shard.weights.shape == (3, 9, 52)
            assert (shard.boxes.shape, shard.opening.shape, shard.pose.shape) == ((3, 9, 3, 2), (3, 9), (3, 9, 6))
            for place, seed in enumerate(shard.seed):
                assert (shard.frames[place] == seed % 251).all()
                scene = stage(int(seed), lines, 9)
                assert shard.prompt[place] == scene.performance.prompt
                assert tuple(shard.attributes[place]) == scene.performance.acting.codes()
                assert (shard.utterance[place], shard.start_frame[place]) == (scene.utterance, scene.start_frame)
    assert len(list(read_shards(pool.folder))) == 4


def test_rendering_waits_for_room_and_goes_on_when_shards_are_deleted(tmp_path, speech, fake):
    pool = ClipPool(config(tmp_path, speech, shards=None, most=3, clips=1), fake.Painter)
    with pool:
        reader = pool.shards(delete=True)
        numbers = [int(next(reader).path.stem[-6:]) for _ in range(9)]
        assert len(set(numbers)) == 9
        time.sleep(0.4)
        assert len(list(pool.folder.glob("*.npy"))) <= 3
    assert not list(pool.folder.glob("part_*"))


def test_a_failure_in_a_process_is_told(tmp_path, speech, fake):
    pool = ClipPool(config(tmp_path, speech), fake.Broken)
    with pytest.raises(RuntimeError, match="the paint is dry"), pool:
        list(pool.shards())


def test_mistakes_are_told_before_anything_starts(tmp_path, speech, fake):
    with pytest.raises(ValueError, match="starve"):
        ClipPool(config(tmp_path, speech, most=1), fake.Painter)
    with pytest.raises(ValueError, match="no speech in"):
        ClipPool(config(tmp_path, tmp_path / "empty"), fake.Painter)
    with pytest.raises(ValueError, match="livetalk data pack"):
        ClipPool(config(tmp_path, speech, mix=0.5), fake.Painter)
    with pytest.raises(ValueError, match="a process for each kind"):
        ClipPool(config(tmp_path, speech, mix=0.5, processes=1), fake.Painter)


def test_a_mixture_draws_puppets_from_the_pack_into_its_share_of_the_shards(tmp_path, speech, fake):
    pack = tmp_path / "pack"
    Portraits.of(rendered_portrait(3)).save(pack)
    mixed = config(tmp_path, speech, puppets=str(pack), mix=0.5, clips=2)
    with ClipPool(mixed, fake.Painter, fake.PuppetPainter) as pool:
        shards = sorted(pool.shards(), key=lambda shard: shard.path.name)
    assert [bool((shard.frames == len("rendered_3")).all()) for shard in shards] == [False, True, False, True]
    assert [shard.puppet.tolist() for shard in shards] == [[False] * 2, [True] * 2] * 2
    assert [list(shard.seed) for shard in shards] == [[100, 101], [102, 103], [104, 105], [106, 107]]
    lines = Timelines.read(speech)
    scene = PuppetStage.open(pack, lines, 9)(102)
    assert np.allclose(shards[1].weights[0], scene.performance.weights, atol=1e-3)
    assert shards[1].prompt[0] == scene.performance.prompt
    assert set(shards[0].path.parent.glob("*")) == {p for s in shards for p in (s.path, s.path.with_suffix(".npy"))}


def test_a_share_of_rendered_heads_looks_photographed(tmp_path, speech, fake):
    (tmp_path / "assets").mkdir()
    some = config(tmp_path, speech, assets=str(tmp_path / "assets"), photographed=0.5, clips=2)
    with ClipPool(some, fake.Painter, make_photographed=fake.Photographer) as pool:
        tones = {int(shard.path.stem[-6:]): (shard.seed, shard.frames[:, 0, 0, 0, 0]) for shard in pool.shards()}
    for number, (seeds, shown) in tones.items():
        assert (shown == [seed % 251 for seed in seeds]).all() == (number % 2 == 0)
    with pytest.raises(ValueError, match="needs free assets"):
        ClipPool(config(tmp_path, speech, photographed=0.5), fake.Painter)


def test_shares_of_a_mixture_of_three_kinds() -> None:
    heads = [number for number in range(400) if not holds_puppets(number, 0.4)]
    assert sum(looks_photographed(number, 0.4, 0.25) for number in heads) == pytest.approx(60, abs=1)


@pytest.mark.parametrize(("processes", "mix"), [(1, 0.0), (1, 1.0), (2, 0.5), (16, 0.25), (5, 0.9), (3, 0.01)])
def test_the_mixture_is_shared_out_without_gaps(processes, mix):
    drawn = [list(numbers(place, processes, mix, 40, 200)) for place in range(processes)]
    assert sorted(number for share in drawn for number in share) == list(range(40, 240))
    puppets = puppet_processes(processes, mix)
    for place, share in enumerate(drawn):
        assert {holds_puppets(number, mix) for number in share} <= {place < puppets}
    assert abs(sum(holds_puppets(number, mix) for number in range(40, 240)) - 200 * mix) <= 1
