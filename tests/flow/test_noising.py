"""Clean, noise and velocity can be had from one another."""

import pytest
import torch

from livetalk.flow.noising import clean_from_velocity, noised, velocity_of

SHAPE = (2, 3, 4, 2, 2)


def pair(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return (torch.randn(SHAPE, generator=random).to(dtype), torch.randn(SHAPE, generator=random).to(dtype))


@pytest.mark.parametrize("sigma", [1.0, 0.625, torch.tensor([0.3, 0.9]), torch.rand(2, 4) * 0.9 + 0.1])
def test_velocity_and_clean_are_two_views_of_one_prediction(sigma):
    clean, noise = pair()
    noisy, velocity = noised(clean, noise, sigma), velocity_of(clean, noise)
    torch.testing.assert_close(clean_from_velocity(noisy, velocity, sigma), clean, rtol=1e-5, atol=1e-6)


def test_each_latent_frame_may_have_its_own_level():
    clean, noise = pair()
    sigma = torch.tensor([[0.0, 1.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.5]])
    noisy = noised(clean, noise, sigma)
    assert torch.equal(noisy[0, :, 0], clean[0, :, 0])
    assert torch.equal(noisy[1, :, 0], noise[1, :, 0])
    torch.testing.assert_close(noisy[0, :, 2], (clean[0, :, 2] + noise[0, :, 2]) / 2)


def test_bfloat16_latents_are_rounded_once():
    clean, noise = pair(torch.bfloat16)
    exact = (1 - 0.9375) * clean.double() + 0.9375 * noise.double()
    out = noised(clean, noise, 0.9375)
    assert out.dtype == torch.bfloat16
    assert torch.equal(out, exact.bfloat16())


def test_gradients_pass_through_the_conversion():
    noisy, velocity = pair()
    velocity.requires_grad_()
    clean_from_velocity(noisy, velocity, 0.5).sum().backward()
    assert torch.equal(velocity.grad, torch.full(SHAPE, -0.5))
