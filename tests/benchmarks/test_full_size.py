"""The full preset is measured stage by stage, against what the device can do, and the gate is honest."""

import json
import sys
from dataclasses import replace

import pytest
import torch

from livetalk.benchmarks.flops import decode_work, work_of
from livetalk.cli import main
from livetalk.dit.compiled import AccelerationConfig, CompiledDiT
from livetalk.parity.gate import ArithmeticGate
from livetalk.performer.accelerate import accelerate
from livetalk.performer.options import LoadOptions
from livetalk.performer.performer import Performer
from livetalk.presets import FULL


def fresh() -> Performer:
    options = LoadOptions(random_weights=True, device="cpu")
    return Performer.load("miniature-1.3b", dtype=torch.float32, options=options)


def test_the_work_of_a_block_is_that_of_the_published_networks():
    """83 TFLOP for five passes with a full window, 27 for the decoder: what others have reckoned for these networks."""
    work = work_of(FULL)
    assert work.denoise == pytest.approx(83e12, rel=0.01)
    assert work.decode == pytest.approx(26.6e12, rel=0.01)
    assert work.clean < work.step
    assert decode_work(FULL, light=True) < work.decode / 20


@pytest.mark.slow
def test_the_command_measures_and_writes_figures(tmp_path, monkeypatch, capsys):
    path = tmp_path / "figures.json"
    words = f"bench --preset miniature-1.3b --random-weights --device cpu --mode fast --blocks 2 --json {path}"
    monkeypatch.setattr(sys, "argv", ["livetalk", *words.split(), "--density", "1", "--density-blocks", "2"])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 0
    figures = json.loads(path.read_text())
    seconds = [figures[f"{name}_seconds"] for name in ("hear", "denoise", "decode")]
    assert min(seconds) > 0
    assert figures["block_seconds"] >= max(seconds)
    assert figures["frames_per_second"] == pytest.approx(12 / figures["block_seconds"])
    assert 0 < figures["first_frame_seconds"] < figures["ready_seconds"]
    assert 0 < figures["fraction_of_floor"] <= 1.2
    assert figures["mode"] == "fast"
    assert figures["versions"]["torch"] == torch.__version__
    assert any("not fp8" in line for line in figures["runs"])
    assert figures["gate_holds"] is True
    assert figures["memory_growth_bytes"] == 0
    assert figures["sessions_in_real_time"] in (0, 1)
    shown = capsys.readouterr().out
    assert "TFLOP/s" in shown
    assert "decoder: light" in shown


def test_the_gate_of_the_exact_mode_sees_8_bits():
    networks = fresh().networks
    gate = ArithmeticGate.of(networks)
    measures = AccelerationConfig(compiled=False, fp8=True, emulate_fp8=True)
    networks = replace(networks, student=CompiledDiT(networks.student, measures))
    told = gate.check(networks, "exact")
    assert told["gate_error"] > 1e-3
    assert told["gate_holds"] is False
    assert gate.check(networks, "fast")["gate_holds"] is True


def test_an_exact_performer_passes_its_gate():
    networks = fresh().networks
    gate = ArithmeticGate.of(networks)
    assert gate.check(accelerate(networks, "exact"), "exact")["gate_holds"] is True


def test_the_small_presets_have_no_such_modes(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["livetalk", "bench", "--mode", "exact"])
    with pytest.raises(SystemExit) as left:
        main.main()
    assert left.value.code == 2
    assert "--preset 1.3b" in capsys.readouterr().err
