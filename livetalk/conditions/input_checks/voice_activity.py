"""Voice activity: how probable it is that somebody speaks, every 32 ms (Silero VAD, its weights run in numpy).

The published network takes one window after another. Here a recording is cut into lanes that run side by side, each
with a second of run-up, so that half a minute takes a few hundredths of a second and no other library is loaded.
"""

from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

WEIGHTS = Path(__file__).parents[2] / "assets" / "checks" / "voice_activity.npz"
WINDOW, CONTEXT = 512, 64  # samples at 16 kHz: 32 ms, and what a window sees of the one before
FFT, HOP = 256, 128
STRIDES = (1, 2, 2, 1)  # of the encoder's convolutions
LANE, RUN_UP = 94, 31  # windows: 3 s, and the second before them


def voice_activity(sound: Float32[np.ndarray, " n"]) -> Float32[np.ndarray, " windows"]:
    """The probability of speech in each window of 512 samples of sound at 16 kHz; the last one is filled with zeros."""
    windows = -(-len(sound) // WINDOW)
    if not windows:
        return np.zeros(0, np.float32)
    gates = _encoded(sound, windows) @ _weights()["lstm.input"] + _weights()["lstm.bias"]
    lanes = -(-windows // LANE)
    if lanes == 1:
        return _probabilities(_recurrent(gates[None], first=0)[0])
    padded = np.pad(gates, ((RUN_UP, lanes * LANE - windows), (0, 0)))
    places = np.arange(lanes)[:, None] * LANE + np.arange(RUN_UP + LANE)
    states = _recurrent(padded[places], first=RUN_UP)[:, RUN_UP:].reshape(lanes * LANE, -1)[:windows]
    return _probabilities(states)


def _probabilities(states: Float[np.ndarray, "n h"]) -> Float32[np.ndarray, " n"]:
    return _sigmoid(np.maximum(states, 0) @ _weights()["output.weight"] + _weights()["output.bias"])


def _encoded(sound: np.ndarray, windows: int) -> Float[np.ndarray, "windows 128"]:
    """What the convolutions make of each window's spectrum."""
    weights = _weights()
    padded = np.pad(sound.astype(np.float32), (CONTEXT, windows * WINDOW - len(sound)))
    pieces = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + WINDOW)[::WINDOW]
    pieces = np.pad(pieces, ((0, 0), (0, CONTEXT)), mode="reflect")
    pieces = np.lib.stride_tricks.sliding_window_view(pieces, FFT, axis=1)[:, ::HOP]
    waves = pieces @ weights["fourier"].T
    half = FFT // 2 + 1
    found = np.sqrt(waves[..., :half] ** 2 + waves[..., half:] ** 2)
    for place, stride in enumerate(STRIDES):
        found = _convolved(found, weights[f"encoder.{place}.weight"], weights[f"encoder.{place}.bias"], stride)
    return found[:, 0]


def _convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> Float[np.ndarray, "n t c"]:
    """A convolution over three places with padding, and ReLU."""
    x = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    last = x.shape[1] - 2
    return np.maximum(sum(x[:, k : k + last : stride] @ weight[k] for k in range(3)) + bias, 0)


def _recurrent(gates: Float[np.ndarray, "lanes t g"], first: int) -> Float[np.ndarray, "lanes t h"]:
    """The LSTM over all lanes at once. The first lane has no run-up: it begins, at step `first`, from nothing."""
    hidden_weight = _weights()["lstm.hidden"]
    hidden = np.zeros((len(gates), len(hidden_weight)), np.float32)
    cell = hidden.copy()
    states = np.empty((*gates.shape[:2], len(hidden_weight)), np.float32)
    for step in range(gates.shape[1]):
        if step == first:
            hidden[0] = cell[0] = 0
        enter, forget, new, leave = np.split(gates[:, step] + hidden @ hidden_weight, 4, axis=1)
        cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
        hidden = _sigmoid(leave) * np.tanh(cell)
        states[:, step] = hidden
    return states


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


@cache
def _weights() -> dict[str, np.ndarray]:
    with np.load(WEIGHTS) as file:
        return {name: file[name].astype(np.float32) for name in file.files if name != "about"}
