"""Files of fitted portraits, and the choice among many."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livetalk.data.puppets.portraits import Portraits, open_portraits
from livetalk.data.puppets.selection import BROAD, features, looks_of, varied_order
from tests.data.puppets.made_up import portrait as made_up


def test_portraits_come_back_from_a_file_as_they_went_in(tmp_path: Path):
    first, second = made_up(1, "one"), replace(made_up(2, "two"), matted=False, alpha=np.full((64, 64), 255, np.uint8))
    Portraits.joined([Portraits.of(first), Portraits.of(second)]).save(tmp_path / "pack")
    pack = open_portraits(tmp_path / "pack")
    assert pack.names == ("one", "two")
    assert len(pack) == len(list(pack)) == len(pack[:]) == 2
    for given, read in zip((first, second), pack, strict=True):
        assert np.abs(read.landmarks - given.landmarks).max() < 1e-4
        assert np.abs(read.weights - given.weights).max() < 1e-3
        assert np.abs(read.identity - given.identity).max() < 1e-3
        assert np.array_equal(read.angles, given.angles)
        assert np.array_equal(read.shift, given.shift)
        assert (read.name, read.matted, read.held_out) == (given.name, given.matted, given.held_out)
        assert (read.smile, read.residual) == pytest.approx((given.smile, given.residual))
        assert np.abs(read.photograph.astype(int) - given.photograph).mean() < 6
        assert np.abs(read.alpha.astype(int) - given.alpha).max() < 16
        assert read.plate.shape == given.plate.shape
    assert pack[-1].name == "two"
    with pytest.raises(IndexError):
        pack[2]


def test_what_is_held_out_says_so(tmp_path: Path):
    Portraits.of(made_up(1)).marked(held_out=True).save(tmp_path / "pack")
    assert open_portraits(tmp_path / "pack")[0].held_out


def test_other_files_are_refused_in_one_sentence(tmp_path: Path):
    with pytest.raises(ValueError, match="does not exist"):
        open_portraits(tmp_path / "none")
    (tmp_path / "words").write_text("no portraits")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    for name in ("words", "other.npz"):
        with pytest.raises(ValueError, match=r"is not a file of portraits[^\n]*livetalk data pack"):
            open_portraits(tmp_path / name)
    with pytest.raises(ValueError, match="no portrait"):
        Portraits.joined([])


def test_parameters_of_a_portrait_take_less_than_20_kilobytes():
    portrait = made_up(1)
    stored = Portraits.of(replace(portrait, photograph=portrait.photograph[:8, :8], alpha=portrait.alpha[:8, :8]))
    assert stored.size(0) < 5_000


def test_broad_smiles_stay_a_share_in_every_beginning():
    portraits = [replace(made_up(seed), smile=0.95 if seed % 4 else 0.1) for seed in range(40)]
    looks = [looks_of(portrait) for portrait in portraits]
    smiles = np.array([look.smile for look in looks])
    order = varied_order(features(looks), smiles, 0.5)
    assert len(set(order)) == len(order) == 20
    for count in range(1, len(order) + 1):
        assert (smiles[order[:count]] >= BROAD).mean() <= 0.5
    assert len(varied_order(features(looks), smiles, 1.0)) == 40


def test_the_unlike_come_before_the_alike():
    places = np.array([[0.0], [0.01], [0.02], [5.0], [-5.0]])
    order = varied_order(places, np.zeros(5), 0.5)
    assert set(order[1:3]) == {3, 4}
