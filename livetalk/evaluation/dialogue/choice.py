"""Choice of systems by the words of `--systems`: our own, servers elsewhere, clip makers and commands."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from livetalk.evaluation.dialogue import veo
from livetalk.evaluation.dialogue.clip_system import ClipSystem
from livetalk.evaluation.dialogue.command_clips import CommandClips
from livetalk.evaluation.dialogue.live_dialogue import Patience
from livetalk.evaluation.dialogue.live_system import LiveSystem
from livetalk.evaluation.dialogue.prices import ClipPrice, price_of
from livetalk.evaluation.dialogue.sora import SoraClips, SoraOptions
from livetalk.evaluation.dialogue.systems import DialogueSystem
from livetalk.evaluation.dialogue.veo import VeoClips, VeoOptions

OURS = "ours"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
HOW = "give ours, NAME@URL of a running `livetalk serve`, veo, veo:MODEL, sora, sora:MODEL, or command:NAME=PROGRAM ..."


@dataclass(frozen=True)
class SystemOptions:
    """What systems need besides their word. serve: options of `livetalk serve`, for our own; patience: of those who
    talk to systems that live; prices: that a person gave."""

    serve: tuple[str, ...] = ()
    patience: Patience = field(default_factory=Patience)
    prices: Mapping[str, ClipPrice] = field(default_factory=dict[str, ClipPrice])


def make_system(word: str, options: SystemOptions) -> DialogueSystem:
    """The system that a word names. Raises ValueError, with what can be given, for none."""
    if word == OURS:
        return LiveSystem(OURS, options=options.serve, patience=options.patience)
    maker, _, model = word.partition(":")
    if maker == "sora":
        model = model or "sora-2"
        price = price_of(model, options.prices)
        return ClipSystem(_checked(model, word), SoraClips(SoraOptions.of_environment(model, price)))
    if maker == "veo":
        model = model or (veo.CLOUD_MODEL if veo.is_cloud(veo.veo_url()) else veo.MODEL)
        price = price_of(model, options.prices)
        return ClipSystem(_checked(model, word), VeoClips(VeoOptions.of_environment(model, price)))
    if maker == "command":
        name, _, template = model.partition("=")
        return ClipSystem(_checked(name, word), CommandClips(template))
    name, _, url = word.partition("@")
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{word!r} is no system: {HOW}")
    return LiveSystem(_checked(name, word), url.rstrip("/"), patience=options.patience)


def _checked(name: str, word: str) -> str:
    """A name that a folder may have."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{word!r} is no system: {HOW}")
    return name
