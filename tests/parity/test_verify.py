"""A recording holds against what made it, and names the stage that is at fault where something differs."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from livetalk.cli import main
from livetalk.parity.verify import Recording, record, verify
from livetalk.performer.options import LoadOptions
from livetalk.performer.performer import Performer
from livetalk.presets import MINIATURE_FULL

OPTIONS = LoadOptions(as_published=True, random_weights=True, device="cpu")


@pytest.fixture(scope="module")
def performer() -> Performer:
    return Performer.load(MINIATURE_FULL.name, dtype=torch.float32, options=OPTIONS)


@pytest.fixture(scope="module")
def recording(performer) -> Recording:
    face = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    speech = 0.1 * np.random.default_rng(1).standard_normal(9_000).astype(np.float32)
    return record(performer, face, speech, "a person", blocks=3)


def changed(recording, name, factor=1.1):
    return replace(recording, tensors={**recording.tensors, name: recording.tensors[name] * factor})


def test_a_recording_has_the_documented_shapes(recording):
    shapes = {name: list(tensor.shape) for name, tensor in recording.tensors.items()}
    assert shapes == {
        "portrait": [64, 64, 3],
        "speech": [32_000],
        "reference": [1, 16, 1, 8, 8],
        "text": [1, 512, 48],
        "audio": [1, 33, 120],
        "noise": [1, 16, 9, 8, 8],
        "renoise": [3, 3, 1, 16, 3, 8, 8],
        "latents": [1, 16, 9, 8, 8],
        "frames": [33, 64, 64, 3],
    }


def test_it_comes_back_from_disk_and_holds(performer, recording, tmp_path):
    recording.write(tmp_path)
    told = list(verify(performer, Recording.read(tmp_path)))
    assert [verdict.stage for verdict in told] == ["portrait", "prompt", "speech", "transformer", "decoder"]
    assert all(verdict.holds for verdict in told)
    assert len(told[3].blocks) == 3


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("latents", {"transformer", "decoder"}),
        ("text", {"prompt", "transformer"}),
        ("audio", {"speech", "transformer"}),
    ],
)
def test_the_stage_at_fault_is_named(performer, recording, name, stages):
    failed = {v.stage for v in verify(performer, changed(recording, name, 3.0)) if not v.holds}
    assert failed
    assert failed <= stages


def test_not_a_number_never_holds(performer, recording):
    told = {v.stage: v for v in verify(performer, changed(recording, "latents", float("nan")))}
    assert not told["transformer"].holds


def test_the_rollout_is_the_published_one(performer, recording):
    """Positions absolute: the served stream of the same performer gives these latents from the same noise."""
    from livetalk.performer.stages import denoise
    from livetalk.performer.stream import AvatarStream

    slot = performer.networks.kv_pool(1).open()
    stream = AvatarStream(performer.networks, slot, recording.tensors["portrait"].numpy(), "a person", performer.seed)
    stream.push(recording.tensors["speech"].numpy())
    stream.end()
    made = []
    for block in range(3):
        job = stream.plan()
        noises = [recording.tensors["noise"][:, :, 3 * block : 3 * block + 3], *recording.tensors["renoise"][block]]
        stream.noise = lambda job, noises=noises: iter(noises)
        made.append(denoise(performer.networks, [stream], [job])[0].latents)
    slot.close()
    assert torch.allclose(torch.cat(made, 2), recording.tensors["latents"], atol=1e-4)


def test_parts_of_a_recording_are_enough(performer, recording):
    part = {name: recording.tensors[name] for name in ("latents", "frames")}
    assert [v.stage for v in verify(performer, replace(recording, tensors=part))] == ["decoder"]
    with pytest.raises(ValueError, match=r"full_size\.md"):
        list(verify(performer, replace(recording, tensors={"latents": part["latents"]})))


def test_another_size_is_refused(performer, recording):
    with pytest.raises(ValueError, match=r"reference|portrait"):
        small = {**recording.tensors, "reference": torch.zeros(1, 16, 1, 4, 4)}
        list(verify(performer, replace(recording, tensors=small)))


@pytest.mark.parametrize("text", [None, "{", json.dumps({"format": 9, "dtype": "float32"}), json.dumps({"format": 1})])
def test_what_is_no_recording_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "recording.json").write_text(text)
    with pytest.raises(ValueError, match=r"record again|full_size\.md"):
        Recording.read(tmp_path)


def test_the_command_tells_and_leaves_with_1_where_something_is_off(recording, tmp_path, monkeypatch, capsys):
    words = ["verify", MINIATURE_FULL.name, str(tmp_path), "--random-weights", "--device", "cpu"]
    for stored, code in ((recording, 0), (changed(recording, "latents"), 1)):
        stored.write(tmp_path)
        monkeypatch.setattr(sys, "argv", ["livetalk", *words])
        with pytest.raises(SystemExit) as left:
            main.main()
        assert left.value.code == code
        assert ("FAILED" in capsys.readouterr().out) == bool(code)
