"""The four stages at miniature size: losses fall, weights are left where the next stage looks for them."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from livetalk.dit.model import DiT
from livetalk.presets import MINIATURE
from livetalk.recipes import run as recipe
from livetalk.recipes.codec.frames import FrameBuffer
from livetalk.recipes.config import Budget, ClipSource, CodecTraining, DmdTraining, OdeTraining, TeacherTraining
from livetalk.recipes.context import RunContext
from livetalk.recipes.distill.clips import ClipBatch, LatentBuffer, drop_conditions
from livetalk.recipes.distill.held_out import HeldOut
from livetalk.recipes.distill.joins import join_weights
from livetalk.recipes.distill.moves import MOVES, known_moves
from livetalk.recipes.distill.ode import window_blocks
from livetalk.training.config import OptimConfig
from livetalk.training.distributed import Distributed
from livetalk.weights import load_mean, save_bundle, save_tensors


def _mouths(clips: int, opening: torch.Tensor) -> torch.Tensor:
    """Drawn clips [n t 64 64 3]: a dark mouth that opens with `opening` [n t] on a coloured ground."""
    colours = torch.rand(clips, 1, 1, 1, 3) * 120 + 80
    frames = colours.expand(-1, opening.shape[1], 64, 64, -1).clone()
    rows = torch.arange(64).view(1, 1, 64, 1, 1)
    columns = torch.arange(64).view(1, 1, 1, 64, 1)
    inside = ((rows - 40).abs() < 2 + 8 * opening[:, :, None, None, None]) & ((columns - 32).abs() < 10)
    return torch.where(inside, torch.tensor(20.0), frames).byte()


@pytest.fixture(scope="module")
def clips():
    torch.manual_seed(0)
    opening = torch.nn.functional.interpolate(torch.rand(12, 1, 20), 81, mode="linear")[:, 0]
    boxes = torch.tensor([[24.0, 20.0], [40.0, 20.0], [32.0, 40.0]]).expand(12, 81, 3, 2)
    return _mouths(12, opening), opening, boxes


def _first_and_last(folder: Path, name: str) -> tuple[float, float]:
    import json

    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    values = [row[name] for row in rows if name in row]
    return values[0], values[-1]


@pytest.mark.slow
def test_all_four_stages_learn(clips, tmp_path: Path) -> None:
    frames, opening, boxes = clips
    preset, world = MINIATURE, Distributed()
    context = RunContext(preset, tmp_path, Budget(steps=40), world)
    ring = FrameBuffer(12, 81, 64, world.device)
    ring.add(frames, boxes)
    report = recipe.train_codec(context, ring, CodecTraining(batch=8))
    assert report.why == "done"
    first, last = _first_and_last(tmp_path / "codec", "loss")
    assert last < first

    codec = recipe.load_codec(preset, tmp_path)
    bank = LatentBuffer(12, world.device)
    audio = torch.nn.functional.pad(opening[..., None] * 2 - 1, (0, 64))
    latents = recipe.encode_clips(codec, frames, world.device, recolour=False)
    lips = known_moves(opening, *(len(MOVES) - 1) * (0 * opening,))
    bank.add(latents, audio, torch.randn(12, 24, 128), boxes, 64, lips, torch.arange(12) > 5)
    assert abs(float(latents.std()) - 1) < 0.3
    kinds = {"heads": bank.take(torch.arange(2)), "puppets": bank.take(torch.arange(2, 5))}
    held_out = HeldOut(kinds, {kind: torch.rand(2, 3, 64, 64) for kind in kinds})

    context = replace(context, held_out=held_out)
    teacher = TeacherTraining(batch=4, show_steps=2)
    recipe.train_teacher(replace(context, budget=Budget(steps=60)), bank, teacher)
    first, last = _first_and_last(tmp_path / "teacher", "loss")
    assert last < 0.9 * first
    for name in ("held_out_loss", "held_out_loss_puppets"):
        assert _first_and_last(tmp_path / "teacher", name)[1] > 0

    recipe.train_ode(context, bank, OdeTraining(trajectories=8, batch=4, moves=0.3))
    first, last = _first_and_last(tmp_path / "ode", "loss")
    assert last < first
    assert _first_and_last(tmp_path / "ode", "held_out_error_puppets")[1] > 0

    dmd = DmdTraining(batch=2, critic_warmup=4, moves=0.3)
    report = recipe.train_dmd(replace(context, budget=Budget(steps=12)), bank, dmd)
    assert report.why == "done"
    assert (tmp_path / "student.safetensors").exists()
    assert list((tmp_path / "dmd" / "samples").rglob("made.jpg"))


def test_a_student_goes_on_from_weights_that_came_back_as_a_bundle(clips, tmp_path: Path) -> None:
    world = Distributed()
    torch.manual_seed(1)
    save_tensors(tmp_path / "codec.safetensors", MINIATURE.build_codec().state_dict())
    bundles = {name: tmp_path / f"{name}.safetensors" for name in ("teacher", "student")}
    for path in bundles.values():
        save_bundle(path, DiT(MINIATURE.dit).state_dict(), {})
    bank = LatentBuffer(2, world.device)
    boxes = torch.full((2, 81, 3, 2), 30.0)
    words, lips = torch.randn(2, 24, 128), torch.zeros(2, 21, 12)
    bank.add(torch.randn(2, 12, 21, 4, 4), torch.randn(2, 81, 65), words, boxes, 64, lips, torch.zeros(2) > 0)

    still = OptimConfig(lr=0.0, ema=0.9)
    start = bundles["student"]
    context = RunContext(MINIATURE, tmp_path, Budget(steps=1), world)
    recipe.train_ode(context, bank, OdeTraining(trajectories=2, batch=2, join=3.0, optim=still), start)
    dmd = DmdTraining(batch=1, critic_warmup=0, join=3.0, generator=still, critic=still)
    recipe.train_dmd(context, bank, dmd, tmp_path / "ode.safetensors")
    kept = load_mean([tmp_path / "ode.safetensors"])
    for name, tensor in load_mean([start]).items():
        torch.testing.assert_close(kept[name], tensor)


def test_joins_weigh_more_and_the_whole_as_much_as_before() -> None:
    weight = join_weights(9, 3, 2.0, torch.device("cpu")).flatten()
    assert float(weight[1:].mean()) == pytest.approx(1)
    assert float(weight[3] / weight[4]) == float(weight[6] / weight[7]) == pytest.approx(2)
    assert float(weight[0]) == float(weight[1])
    assert torch.equal(join_weights(9, 3, 1.0, torch.device("cpu")).flatten(), torch.ones(9))


def test_held_out_clips_come_back_by_kind(tmp_path: Path) -> None:
    shapes = {
        "latents": (6, 1, 2, 2, 2),
        "audio": (6, 2, 4),
        "text": (6, 3, 5),
        "weight": (6, 1, 2, 2, 2),
        "moves": (6, 2, 12),
    }
    rows = {name: torch.rand(shape) for name, shape in shapes.items()}
    kinds = {"heads": ClipBatch(**rows), "puppets": ClipBatch(**{n: -x for n, x in rows.items()})}
    held_out = HeldOut(kinds, {kind: torch.rand(4, 3, 8, 8) for kind in kinds})
    held_out.save(tmp_path / "held_out.pt")
    again = HeldOut.load(tmp_path / "held_out.pt", torch.device("cpu"))
    assert torch.equal(again.few().latents, torch.cat([rows["latents"][:2], -rows["latents"][:2]]))
    portraits = again.few_portraits()
    assert portraits is not None
    assert torch.equal(portraits[2:], held_out.portraits["puppets"][:2])
    assert HeldOut(kinds, {}).few_portraits() is None


def test_a_mixture_without_puppets_says_what_to_give() -> None:
    with pytest.raises(ValueError, match="--puppets PACK"):
        ClipSource(mix=0.5)


def test_a_decoder_trained_on_leaves_the_latents_as_they_are(clips, tmp_path: Path) -> None:
    frames, _, boxes = clips
    ring = FrameBuffer(12, 81, 64, Distributed().device)
    ring.add(frames, boxes)
    first, second = (RunContext(MINIATURE, tmp_path / part, Budget(steps=3)) for part in ("first", "second"))
    recipe.train_codec(first, ring, CodecTraining(batch=4))
    start = tmp_path / "first" / "codec.safetensors"
    alone = CodecTraining(batch=4, decoder_only=True, texture=0.5, pace=0.2, unsure=0.1)
    told = recipe.train_codec(second, ring, alone, start=start, held_out={"heads": ring, "puppets": ring})
    shown = [_first_and_last(tmp_path / "second" / "codec", f"held_out_psnr{kind}")[1] for kind in ("", "_puppets")]
    assert shown[0] == shown[1] > 0
    assert told.metrics["texture"] > 0 < told.metrics["pace"]
    before, after = (recipe.load_codec(MINIATURE, tmp_path / part) for part in ("first", "second"))
    pixels = frames[:1].permute(0, 4, 1, 2, 3)[:, :, :9].float() / 127.5 - 1
    assert torch.equal(before.encode(pixels), after.encode(pixels))
    latents = before.encode(pixels)
    assert not torch.equal(before.decode(latents), after.decode(latents))
    with pytest.raises(ValueError, match="--start"):
        recipe.train_codec(first, ring, alone)


def test_a_stage_without_its_forerunner_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="livetalk train teacher"):
        recipe.load_dit(MINIATURE, tmp_path / "teacher.safetensors")


def test_windows_of_training_are_those_of_serving() -> None:
    for _ in range(20):
        blocks = window_blocks(7, MINIATURE.geometry).tolist()
        assert blocks[:2] == [0, 1]
        assert blocks[3] == blocks[2] + 1 <= 6
    assert window_blocks(4, MINIATURE.geometry).tolist() == [0, 1, 2, 3]


def test_conditions_are_dropped_as_often_as_asked() -> None:
    torch.manual_seed(0)
    cells, rows = torch.ones(4000, 1, 1, 1, 1), torch.ones(4000, 1, 1)
    batch = ClipBatch(latents=cells, audio=rows, text=rows, weight=cells, moves=rows)
    out = drop_conditions(batch, 0.1, 0.2, 0.05)
    text, audio = out.text.flatten() == 0, out.audio.flatten() == 0
    assert abs(float((text & ~audio).float().mean()) - 0.1) < 0.02
    assert abs(float((audio & ~text).float().mean()) - 0.2) < 0.02
    assert abs(float((text & audio).float().mean()) - 0.05) < 0.02


def test_a_bank_comes_back_from_disk(tmp_path: Path) -> None:
    bank = LatentBuffer(4, torch.device("cpu"))
    audio, text, boxes = torch.randn(3, 81, 65), torch.randn(3, 24, 128), torch.full((3, 81, 3, 2), 30.0)
    bank.add(torch.randn(3, 8, 21, 8, 8), audio, text, boxes, 64, torch.rand(3, 21, 12), torch.arange(3) > 1)
    bank.save(tmp_path / "bank.pt")
    again = LatentBuffer.load(tmp_path / "bank.pt", torch.device("cpu"))
    assert again.filled == 3
    assert torch.equal(again.take(torch.tensor([1])).latents, bank.take(torch.tensor([1])).latents)


def test_a_bank_is_mixed_anew_with_the_share_of_puppets_that_is_asked_for() -> None:
    bank = LatentBuffer(12, torch.device("cpu"))
    lips, puppets = torch.rand(12, 21, 12), torch.arange(12) > 3
    latents = torch.arange(12.0).view(12, 1, 1, 1, 1).expand(-1, 8, 21, 8, 8)
    bank.add(
        latents, torch.randn(12, 81, 65), torch.randn(12, 24, 128), torch.full((12, 81, 3, 2), 30.0), 64, lips, puppets
    )
    for share in (0.0, 0.25, 0.5):
        mixed = bank.mixed(share, 4)
        clips = mixed.take(torch.arange(4)).latents[:, 0, 0, 0, 0]
        assert len(set(clips.tolist())) == 4
        assert float((clips > 3).float().mean()) == share
    with pytest.raises(ValueError, match="5 rendered heads are wanted and 4 are there"):
        bank.mixed(0.0, 5)
    assert bank.enough([0.0, 0.25, 0.5]) == 4
    assert bank.enough([0.5, 1.0]) == 8
    assert len(bank.mixed(0.5, bank.enough([0.5])).take(torch.arange(8)).text) == 8


def test_a_budget_ends_by_the_clock() -> None:
    soon = time.time() + 50
    alone = Budget(until=soon).loop("x")
    assert alone.seconds == pytest.approx(50, abs=1)
    assert alone.stop_after_s is None
    longer = Budget(seconds=900, until=soon).loop("x")
    assert longer.seconds == 900
    assert longer.stop_after_s == pytest.approx(50, abs=1)
    assert Budget(seconds=900, stop_after_s=20, until=soon).loop("x").stop_after_s == 20
