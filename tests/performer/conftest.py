"""A performer of the miniature preset with random weights: everything real but what it looks like."""

import pytest
import torch

from livetalk.codec.portrait import PortraitCodec
from livetalk.conditions.speech_tiny import SpeechEncoder
from livetalk.conditions.text_tiny import TextEncoder
from livetalk.dit.model import DiT
from livetalk.performer.loading import Parts
from livetalk.performer.networks import Networks
from livetalk.performer.performer import Performer
from livetalk.presets import MINIATURE


@pytest.fixture(scope="session")
def performer() -> Performer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        student, codec = DiT(MINIATURE.dit), PortraitCodec(MINIATURE.codec)
        for parameter in student.parameters():
            torch.nn.init.normal_(parameter, std=0.1)  # their own start hears and sees nothing
        speech, text = SpeechEncoder().eval().requires_grad_(False), TextEncoder().eval().requires_grad_(False)
    return Performer(Networks.on(MINIATURE, Parts(student, codec, speech, text, "random")))


@pytest.fixture
def model() -> DiT:
    torch.manual_seed(0)
    model = DiT(MINIATURE.dit).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.1)
    return model
