"""One network being trained: its weights, optimiser, schedule, clipping and average, updated by one call.

A stage owns one or several (DMD: generator and critic). Knows the order of an update; not the loss, not the data.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from livetalk.training import distributed, optim
from livetalk.training.config import OptimConfig
from livetalk.training.distributed import Distributed, State


class TrainState:
    """`module` with AdamW, schedule and EMA.

    Args:
        module: on its device, sharded already if it is to be; float32 weights.
        scale: learning-rate factors by parameter-name prefix.
        keep_gradients: set gradients to zero after a step instead of letting them go, for recorded steps.
    All ranks start from rank 0's weights.
    """

    def __init__(
        self,
        module: nn.Module,
        config: OptimConfig,
        world: Distributed | None = None,
        scale: Mapping[str, float] | None = None,
        keep_gradients: bool = False,
    ) -> None:
        self.module, self.config, self.world = module, config, world or Distributed()
        self.keep_gradients = keep_gradients
        if not distributed.is_sharded(module):
            self.world.broadcast_module(module)
        self.optimiser = optim.adamw(module, config, scale)
        self.ema = None if config.ema is None else optim.Ema(module, config.ema, config.ema_from)
        self._trainable = [p for p in module.parameters() if p.requires_grad]

    def step(self, loss: Tensor, progress: float) -> dict[str, Tensor | float]:
        """Backpropagate `loss`, average over ranks, clip, step, average the weights, clear gradients.

        Returns `grad_norm` (before clipping) and `lr`. A step whose gradients are not finite leaves weights and
        moments untouched, without waiting for the device; its norm shows in the metrics, where the alarm sees it.
        """
        loss.backward()
        return self.apply(progress)

    def apply(self, progress: float) -> dict[str, Tensor | float]:
        """The part of `step` after the backward pass, for stages that accumulate gradients themselves."""
        self.world.average_gradients(self._trainable)
        norm = optim.clip_gradients(self._trainable, self.config.clip)
        lr = self.config.lr * self.config.schedule(progress)
        optim.set_lr(self.optimiser, lr)
        # The fused kernel reads this flag (the one GradScaler sets) and skips the update on the device.
        self.optimiser.found_inf = (~torch.isfinite(norm)).float()  # pyright: ignore[reportAttributeAccessIssue]
        self.optimiser.step()
        if self.ema is not None:
            self.ema.update()
        self.optimiser.zero_grad(set_to_none=not self.keep_gradients)
        return {"grad_norm": norm, "lr": lr}

    def state(self) -> State:
        """State for an exact continuation (all ranks call together)."""
        return {
            "module": distributed.module_state(self.module),
            "optimiser": distributed.optimiser_state(self.module, self.optimiser),
            "ema": None if self.ema is None else self.ema.state(),
        }

    def load_state(self, state: State) -> None:
        distributed.load_module_state(self.module, state["module"])
        distributed.load_optimiser_state(self.module, self.optimiser, state["optimiser"])
        if self.ema is not None:
            if state["ema"] is None:
                raise ValueError("the checkpoint has no averaged weights; set ema=None or start in an empty folder")
            self.ema.load_state(state["ema"])
