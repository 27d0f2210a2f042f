"""Optimiser and averaged weights.

Knows parameters and gradients; what the loss means is the stage's business.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from livetalk.training import distributed
from livetalk.training.config import OptimConfig
from livetalk.training.distributed import State


def parameter_groups(
    module: nn.Module, config: OptimConfig, scale: Mapping[str, float] | None = None
) -> list[dict[str, Any]]:
    """AdamW groups of the trainable parameters.

    `scale` multiplies the learning rate of parameters whose name starts with the key (the longest match counts).
    Parameters of fewer than two axes get no weight decay.
    """
    scale = scale or {}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        prefix = max((p for p in scale if name.startswith(p)), key=len, default=None)
        decay = config.weight_decay if parameter.ndim >= 2 else 0.0
        groups.setdefault((1.0 if prefix is None else scale[prefix], decay), []).append(parameter)
    return [{"params": p, "weight_decay": wd, "lr_scale": s} for (s, wd), p in groups.items()]


def adamw(module: nn.Module, config: OptimConfig, scale: Mapping[str, float] | None = None) -> torch.optim.AdamW:
    """Fused AdamW over `parameter_groups`, the learning rate still to be set by `set_lr`."""
    groups = parameter_groups(module, config, scale)
    if not groups:
        raise ValueError("nothing to train: every parameter of the module is frozen")
    return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, eps=config.eps, fused=True)


def set_lr(optimiser: torch.optim.Optimizer, lr: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = lr * group["lr_scale"]


def clip_gradients(parameters: Iterable[nn.Parameter], limit: float) -> Tensor:
    """Scale gradients so that their joint norm is at most `limit`; returns the norm before (0-dim, on the device)."""
    return distributed.full_tensor(nn.utils.clip_grad_norm_(list(parameters), limit, foreach=True)).detach()


class Ema:
    """Exponential moving average of a module's weights, kept in float32 whatever the module's dtype.

    average <- decay * average + (1 - decay) * weight, once per `update`; the first `follow` updates just copy.
    Buffers and frozen parameters are not averaged.
    """

    def __init__(self, module: nn.Module, decay: float, follow: int = 0) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"EMA decay {decay} must be in [0, 1)")
        self.decay, self.follow, self.updates = decay, follow, 0
        self._live = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self.average = {n: p.detach().float().clone() for n, p in self._live.items()}

    @torch.no_grad()
    def update(self) -> None:
        weight = 1.0 if self.updates < self.follow else 1.0 - self.decay
        live = [p.detach().float() for p in self._live.values()]
        torch._foreach_lerp_(list(self.average.values()), live, weight)  # pyright: ignore[reportPrivateImportUsage]
        self.updates += 1

    @torch.no_grad()
    def write_to(self, module: nn.Module) -> None:
        """Copy the averages over the parameters of the same names in `module` (shaped and sharded alike)."""
        theirs = dict(module.named_parameters())
        for name, average in self.average.items():
            theirs[name].copy_(average)

    @contextmanager
    @torch.no_grad()
    def swapped_in(self) -> Iterator[None]:
        """Inside, the live module computes with the averaged weights."""
        kept = {n: p.detach().clone() for n, p in self._live.items()}
        for name, parameter in self._live.items():
            parameter.copy_(self.average[name])
        try:
            yield
        finally:
            for name, parameter in self._live.items():
                parameter.copy_(kept[name])

    def state(self) -> State:
        return {"updates": self.updates, "average": {n: distributed.full_tensor(t) for n, t in self.average.items()}}

    @torch.no_grad()
    def load_state(self, state: State) -> None:
        self.updates = int(state["updates"])
        if state["average"].keys() != self.average.keys():
            raise ValueError("the checkpoint averages other parameters than this model has; start in an empty folder")
        for name, average in self.average.items():
            distributed.copy_whole(average, state["average"][name])
