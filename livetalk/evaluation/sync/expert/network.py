"""Network of the sync expert: a frame's mouth and the sound around it, each as a direction in one space.

Pictures are seen one by one, then along time (a frame sees two neighbours on each side); sound is heard in log-mel
rows, five a frame. Both are convolutions, so clips have any length. Knows tensors; not how crops and rows are made.
"""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from livetalk.evaluation.sync.expert.mel import BANDS, ROWS
from livetalk.evaluation.sync.expert.mouths import HEIGHT, WIDTH
from livetalk.weights import load_tensors, save_tensors

DIMENSIONS = 96
FRAME = 96  # channels of a frame's picture
HEARD = 128  # channels of sound
WEIGHTS = Path(__file__).parents[3] / "assets" / "checks" / "sync_expert.safetensors"
SPREAD = 0.05  # added to a clip's spread of grey, so that a black one stays finite


class SyncExpert(nn.Module):
    """See the module docstring."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = nn.Sequential(
            *_look(1, 32, 8, 4), *_look(32, 48), *_look(48, 64), nn.Flatten(),
            nn.Linear(64 * (HEIGHT // 16) * (WIDTH // 16), FRAME, bias=False), nn.BatchNorm1d(FRAME), nn.ReLU(),
        )  # fmt: skip
        self.moves = nn.Sequential(*_along(FRAME, FRAME, 3), *_along(FRAME, FRAME, 3), nn.Conv1d(FRAME, DIMENSIONS, 1))
        self.hears = nn.Sequential(
            *_along(BANDS, HEARD, 5), *_along(HEARD, HEARD, ROWS, ROWS),
            *_along(HEARD, HEARD, 3), *_along(HEARD, HEARD, 3), nn.Conv1d(HEARD, DIMENSIONS, 1),
        )  # fmt: skip

    def embed_video(self, crops: Float[Tensor, "b t 48 64"]) -> Float[Tensor, "b t 96"]:
        """Directions of mouths. crops: grey, 0 to 1; light and contrast of each clip are taken out."""
        b, t = crops.shape[:2]
        mean, spread = crops.mean((1, 2, 3), keepdim=True), crops.std((1, 2, 3), keepdim=True)
        seen = self.looks(((crops - mean) / (spread + SPREAD)).reshape(b * t, 1, HEIGHT, WIDTH))
        return F.normalize(self.moves(seen.reshape(b, t, -1).transpose(1, 2)), dim=1).transpose(1, 2)

    def embed_sound(self, rows: Float[Tensor, "b r 40"]) -> Float[Tensor, "b t 96"]:
        """Directions of sound, one for each five rows of log-mel."""
        return F.normalize(self.hears(rows.transpose(1, 2) - 0.5), dim=1).transpose(1, 2)


def save_expert(expert: SyncExpert, path: Path, about: str) -> None:
    """Write weights at half precision. about: what it learned from, kept with them."""
    state = {n: v.half() if v.is_floating_point() else v for n, v in expert.state_dict().items()}
    save_tensors(path, {n: v for n, v in state.items() if not n.endswith("num_batches_tracked")}, {"about": about})


def load_expert(path: Path | None = None) -> SyncExpert:
    """The bundled expert, or another's weights. Raises ValueError for weights of another network."""
    state, _ = load_tensors(path or WEIGHTS)
    expert = SyncExpert()
    own = {n: v for n, v in expert.state_dict().items() if not n.endswith("num_batches_tracked")}
    if {n: v.shape for n, v in state.items()} != {n: v.shape for n, v in own.items()}:
        raise ValueError(f"{path or WEIGHTS} holds no sync expert: give what scripts/train_sync_expert wrote")
    expert.load_state_dict({n: v.to(torch.float32) for n, v in state.items()}, strict=False)
    return expert.eval().requires_grad_(False)


def _look(ins: int, outs: int, kernel: int = 3, stride: int = 2) -> tuple[nn.Module, ...]:
    """Half as many pixels a side, or fewer."""
    padding = (kernel - stride + 1) // 2
    return nn.Conv2d(ins, outs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outs), nn.ReLU()


def _along(ins: int, outs: int, kernel: int, stride: int = 1) -> tuple[nn.Module, ...]:
    padding = 0 if stride == kernel else kernel // 2
    return nn.Conv1d(ins, outs, kernel, stride, padding, bias=False), nn.BatchNorm1d(outs), nn.ReLU()
