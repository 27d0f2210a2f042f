"""A performer made ready says what really runs, and shows what it showed before."""

import numpy as np
import pytest
import torch

from livetalk.codec.taehv import LightDecoder, LightWan
from livetalk.dit.compiled import AccelerationConfig
from livetalk.nn.kernels.choose import Kernel
from livetalk.performer import accelerate as prepare_module
from livetalk.performer.accelerate import accelerate
from livetalk.performer.options import LoadOptions
from livetalk.performer.performer import Performer
from livetalk.presets import MINIATURE_FULL

FACE = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
SPEECH = 0.1 * np.random.default_rng(1).standard_normal(20_000).astype(np.float32)
# Of torch's own compiler.
pytestmark = pytest.mark.filterwarnings("ignore:.*script_method:DeprecationWarning")


def fresh() -> Performer:
    options = LoadOptions(random_weights=True, device="cpu")
    return Performer.load(MINIATURE_FULL.name, dtype=torch.float32, options=options)


def accelerated(performer, *args, **options) -> Performer:
    return Performer(accelerate(performer.networks, *args, **options))


def play(performer):
    return np.concatenate([block.frames for block in performer.perform(FACE, [SPEECH], "a person")]).astype(int)


@pytest.fixture(scope="module")
def plain():
    return play(fresh())


def test_exact_shows_the_same_frames(plain):
    performer, told = fresh(), []
    performer = accelerated(performer, "exact", tell=told.append)
    assert np.abs(play(performer) - plain).max() <= 1
    assert told[0] == "choosing kernels"
    assert told[-1] == "warming up"
    log = " | ".join(performer.log)
    for word in ("one product", "products: float32", "blocks: eager", "launched one by one", "decoder: Wan's VAE"):
        assert word in log


def test_fast_takes_the_light_decoder_and_says_what_it_could_not(plain):
    performer = fresh()
    performer = accelerated(performer, "fast", LightDecoder(widths=(16, 8, 8, 8)))
    assert isinstance(performer.networks.codec, LightWan)
    assert not hasattr(performer.networks.codec.wan, "decoder")
    frames = play(performer)
    assert frames.shape == plain.shape
    log = " | ".join(performer.log)
    assert "not fp8: cpu" in log
    assert "decoder: light" in log


@pytest.mark.slow
def test_the_decoder_compiles_or_stays(plain):
    performer = fresh()
    performer = accelerated(performer, "exact", measures=AccelerationConfig(compiled=True, backend="no such backend"))
    assert np.abs(play(performer) - plain).max() <= 1
    assert any(line.startswith("blocks: eager; not compiled: InvalidBackend") for line in performer.log)
    assert "decoder: Wan's VAE, eager; not compiled: InvalidBackend" in performer.log


@pytest.mark.slow
def test_everything_compiled_shows_the_same_frames(plain):
    performer = fresh()
    performer = accelerated(performer, "exact", measures=AccelerationConfig(compiled=True, backend="eager"))
    assert np.abs(play(performer) - plain).max() <= 1
    assert {"blocks: compiled (eager)", "decoder: Wan's VAE, compiled"} <= set(performer.log)


def test_a_performer_is_made_ready_once():
    performer = fresh()
    performer = accelerated(performer, "exact")
    with pytest.raises(AssertionError):
        accelerated(performer, "exact")


def test_attention_reads_8_bits_and_shows_nearly_the_same(plain, monkeypatch):
    """The fast mode on Hopper GPUs; here the numbers are read as 8 bits and multiplied as they are."""
    monkeypatch.setattr(prepare_module, "fastest_kernel", lambda *sizes: Kernel("default", {}, eight=True))
    performer = fresh()
    performer = accelerated(performer, "fast")
    pool = performer.networks.kv_pool(1)
    assert all(room.keys.dtype is torch.float8_e4m3fn for room in pool.rooms([()], None))
    assert "keys and values of attention: fp8 e4m3" in performer.log
    difference = np.abs(play(performer) - plain)
    assert difference.any()
    assert difference.mean() < 3
