"""VGG16 is an option: without it nothing is measured by it, with it a face is a row of numbers that see pictures."""

import numpy as np
import pytest
import torch

from livetalk.evaluation.metrics import vgg


def test_blocks_are_walked_and_the_mean_is_taken() -> None:
    torch.manual_seed(0)
    network = [[(torch.randn(4, 3, 3, 3), torch.zeros(4))], [(torch.randn(5, 4, 3, 3), torch.ones(5))]]
    faces = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 3), np.uint8)
    found = vgg.walk(network, faces)
    blue_first = torch.tensor(faces[1:, ..., ::-1].copy()).permute(0, 3, 1, 2).float()
    blue_first -= torch.tensor(vgg.CAFFE_MEANS).view(1, 3, 1, 1)
    one = torch.nn.functional.conv2d(blue_first, *network[0][0], padding=1).relu()
    other = torch.nn.functional.conv2d(torch.nn.functional.max_pool2d(one, 2), *network[1][0], padding=1).relu()
    assert found.shape == (2, 5)
    assert found[1] == pytest.approx(other.mean(dim=(2, 3))[0].numpy(), rel=1e-5)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    vgg._network.cache_clear()
    assert not vgg.available()
    with pytest.raises(ValueError, match="pip install h5py"):
        vgg.features(np.zeros((1, 32, 32, 3), np.uint8))


def test_noise_is_seen() -> None:
    if not vgg.available():
        pytest.skip("VGG16 is not installed")
    vgg._network.cache_clear()
    face = np.full((1, 64, 64, 3), 128, np.uint8)
    noisy = np.clip(face + np.random.default_rng(0).normal(0, 20, face.shape), 0, 255).astype(np.uint8)
    plain, rough = vgg.features(face), vgg.features(noisy)
    assert plain.shape == (1, vgg.WIDTH)
    assert np.linalg.norm(rough - plain) > 0.2 * np.linalg.norm(plain)
