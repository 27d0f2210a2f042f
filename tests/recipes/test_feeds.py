"""Shards reach the bank in order, once, without holding training up."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from livetalk.codec.portrait import PortraitCodec
from livetalk.conditions.text_tiny import TextEncoder
from livetalk.data.features import FeatureDataset
from livetalk.data.puppets.fitted import FittedPortrait
from livetalk.data.puppets.portraits import Portraits
from livetalk.presets import MINIATURE
from livetalk.recipes.distill.clips import LatentBuffer
from livetalk.recipes.feeds import ClipEncoder, dealt, load_pictures
from livetalk.training.distributed import Distributed


def _shard(folder: Path, number: int, clips: int = 2) -> None:
    np.save(folder / f"shard_{number:06d}.npy", np.full((clips, 81, 64, 64, 3), (40 * number) % 256, np.uint8))
    beside = folder / f"part_{number:06d}.npz"  # renamed into place, as the pool does
    np.savez(
        beside,
        boxes=np.full((clips, 81, 3, 2), 30, np.float16),
        weights=np.zeros((clips, 81, 52), np.float16),
        pose=np.zeros((clips, 81, 6), np.float16),
        opening=np.zeros((clips, 81), np.float16),
        utterance=np.zeros(clips, np.int32),
        start_frame=np.zeros(clips, np.int32),
        attributes=np.zeros((clips, 4), np.int8),
        mentioned=np.zeros((clips, 4), np.int8),
        seed=np.arange(clips),
        puppet=np.zeros(clips, bool),
        prompt=np.array(["a woman smiles"] * clips),
    )
    beside.rename(folder / f"shard_{number:06d}.npz")


def test_new_shards_are_encoded_and_freed(tmp_path: Path) -> None:
    torch.manual_seed(0)
    shelf = FeatureDataset(torch.randn(100, 64).half(), torch.tensor([0, 100]), torch.zeros(64).half(), [{"id": "a"}])
    encoder = ClipEncoder(PortraitCodec(MINIATURE.codec), TextEncoder(), shelf, torch.device("cpu"))
    bank = LatentBuffer(6, torch.device("cpu"))
    refill = encoder.refill_from(tmp_path)
    assert refill(bank) == 0
    for number in (1, 2):
        _shard(tmp_path, number)
    deadline = time.monotonic() + 20
    while bank.seen < 4 and time.monotonic() < deadline:
        refill(bank)
        time.sleep(0.05)
    assert bank.seen == 4
    assert not list(tmp_path.glob("shard_*"))
    first, second = bank.take(torch.tensor([0, 2])).latents
    assert not torch.equal(first, second)
    torch.testing.assert_close(bank.take(torch.tensor([1])).audio.std(), torch.tensor(1.0), rtol=0.2, atol=0.2)


def test_two_processes_share_the_shards_and_both_get_puppets(tmp_path: Path) -> None:
    for number in range(16):  # of a mixture of halves, the odd ones hold puppets
        _shard(tmp_path, number)
    shares = [
        {int(shard.path.stem[-6:]) for shard in dealt(tmp_path, set(), Distributed(rank, 2))} for rank in range(2)
    ]
    assert sorted(shares[0] | shares[1]) == list(range(16))
    assert not shares[0] & shares[1]
    for share in shares:
        assert {number % 2 for number in share} == {0, 1}


def test_photographs_come_from_a_pack_without_those_held_out(tmp_path: Path) -> None:
    grey = np.full((64, 64, 3), 100, np.uint8)
    none = np.zeros(3, np.float32)
    portrait = FittedPortrait(
        "one",
        grey,
        grey[..., 0],
        grey[::4, ::4],
        False,
        np.zeros((478, 2)),
        np.zeros(203),
        np.zeros(52),
        none,
        none,
        0,
        0,
    )
    both = [Portraits.of(portrait), Portraits.of(replace(portrait, photograph=grey + 100)).marked(held_out=True)]
    Portraits.joined(both).save(tmp_path / "pack")
    (picture,) = load_pictures(tmp_path / "pack")
    assert picture.shape == (64, 64, 3)
    assert abs(float(picture.float().mean()) - 100) < 2
