"""Distributed training: ranks, collectives and sharding. The only file that touches torch.distributed.

Everything is a no-op for one process, so stages are written once. Host-side scalars travel over gloo, device tensors
over NCCL. Knows neither losses nor schedules.
"""

import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NoReturn, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn

T = TypeVar("T")
State = dict[str, Any]
"""What a checkpoint holds of a part: tensors, numbers, and the states of its own parts."""
BUCKET = 1 << 25  # elements reduced at once: 128 MiB of float32


@dataclass(frozen=True)
class Distributed:
    """Group of processes and this one in it. Rank 0 writes files and logs; `device` is where this one computes."""

    rank: int = 0
    size: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    def seed(self, base: int) -> int:
        """A seed of this process's own; rank 0 of any world gets `base` itself."""
        return (base + 1_000_003 * self.rank) % 2**32

    def broadcast(self, values: Sequence[float]) -> list[float]:
        """Rank 0's numbers (double precision), on every rank."""
        if self.size == 1:
            return list(values)
        box = torch.tensor(values, dtype=torch.float64)
        dist.broadcast(box, src=0)
        return box.tolist()

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """Mean over the processes of numbers that go by the same names on each."""
        if self.size == 1 or not values:
            return dict(values)
        box = torch.tensor(list(values.values()), dtype=torch.float64)
        dist.all_reduce(box)
        return dict(zip(values, (box / self.size).tolist(), strict=True))

    def gather_objects(self, value: T) -> list[T]:
        """Each rank's `value`, in order of rank, on every rank."""
        if self.size == 1:
            return [value]
        box = [value] * self.size
        dist.all_gather_object(box, value)
        return box

    def barrier(self) -> None:
        if self.size > 1:
            dist.all_reduce(torch.zeros(1))  # over gloo: does not occupy the GPU

    def broadcast_module(self, module: nn.Module) -> None:
        """Give every rank rank 0's parameters and buffers (unsharded modules)."""
        if self.size > 1:
            for tensor in [*module.parameters(), *module.buffers()]:
                dist.broadcast(tensor.detach(), src=0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the ranks, in flattened buckets.

        A missing gradient counts as zero, so that all ranks reduce the same layout. Sharded parameters are skipped:
        FSDP has reduced theirs already.
        """
        if self.size == 1:
            return
        grads: list[Tensor] = []
        for parameter in parameters:
            if not parameter.requires_grad or _is_spread(parameter):
                continue
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            grads.append(parameter.grad)
        for bucket in _buckets(grads):
            flat = torch.cat([g.reshape(-1) for g in bucket])
            dist.all_reduce(flat)
            flat.div_(self.size)
            pieces = flat.split([g.numel() for g in bucket])
            for piece, grad in zip(pieces, bucket, strict=True):
                grad.copy_(piece.view_as(grad))

    def close(self) -> None:
        """Leave together: a connection that ends under another process's hands can end that process too."""
        if self.size > 1 and dist.is_initialized():
            self.barrier()
            dist.destroy_process_group()

    def end_process(self, code: int = 0) -> NoReturn:
        """Leave together and end this process with exit status `code`, without the interpreter's shutdown.

        For processes that have sharded a module: torch's caches keep the process group's threads alive behind the
        last collective, and one that asks for the interpreter while it shuts down aborts the process.
        """
        self.close()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def join(device: str | None = None) -> Distributed:
    """Enter the world torchrun describes in RANK, WORLD_SIZE, LOCAL_RANK; a lone process gets `Distributed()`.

    `device` is "cpu" or "cuda"; by default CUDA where there is one. Rank r of a host computes on its GPU LOCAL_RANK.
    """
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device was found: pass device='cpu', or install a CUDA build of torch")
    size = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    here = torch.device("cuda", local) if kind == "cuda" else torch.device("cpu")
    if kind == "cuda":
        torch.cuda.set_device(here)
    if size == 1:
        return Distributed(device=here)
    dist.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo")
    return Distributed(rank=dist.get_rank(), size=size, device=here)


def shard(
    module: nn.Module, blocks: Iterable[nn.Module], world: Distributed, bf16: bool = True, methods: Sequence[str] = ()
) -> nn.Module:
    """Spread a large module's weights over the ranks with FSDP2: each of `blocks` is one unit, the rest another.

    Computes in bfloat16 with float32 reduction. `methods`: what is called beside `forward`, on the module or on a
    block. On one process the module is returned as it is.
    """
    if world.size == 1:
        return module
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method

    # Keys and values are views of a product; nothing here writes into them.
    warnings.filterwarnings("ignore", message=r"FSDP2-wrapped module .* returned a view tensor")
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if bf16 else None, reduce_dtype=torch.float32, cast_forward_inputs=False
    )
    for unit in (*blocks, module):
        fully_shard(unit, mp_policy=policy)
        for name in methods:
            if hasattr(unit, name):
                register_fsdp_forward_method(unit, name)
    return module


def full_tensor(tensor: Float[Tensor, "*dims"]) -> Float[Tensor, "*dims"]:
    """The full tensor of a sharded one (all ranks call together), or the tensor itself."""
    return tensor.full_tensor() if _is_spread(tensor) else tensor  # pyright: ignore[reportCallIssue]


def copy_whole(target: Float[Tensor, "*dims"], full: Float[Tensor, "*dims"]) -> None:
    """Write a full tensor into `target`, taking this rank's shard of it where `target` is sharded."""
    if _is_spread(target):
        from torch.distributed.tensor import DTensor, distribute_tensor

        assert isinstance(target, DTensor)
        full = distribute_tensor(full.to(target.device, target.dtype), target.device_mesh, target.placements)
    target.copy_(full)


def is_sharded(module: nn.Module) -> bool:
    return any(_is_spread(p) for p in module.parameters())


def module_state(module: nn.Module) -> State:
    """Full state dict (all ranks call together if the module is sharded)."""
    if not is_sharded(module):
        return module.state_dict()
    dcp = _distributed_state()
    return dcp.get_model_state_dict(module, options=dcp.StateDictOptions(full_state_dict=True))


def load_module_state(module: nn.Module, state: State) -> None:
    if not is_sharded(module):
        module.load_state_dict(state)
    else:
        dcp = _distributed_state()
        dcp.set_model_state_dict(module, state, options=dcp.StateDictOptions(full_state_dict=True))


def optimiser_state(module: nn.Module, optimiser: torch.optim.Optimizer) -> State:
    """Full optimiser state; keyed by parameter name, and asked of all ranks together, if the module is sharded."""
    if not is_sharded(module):
        return optimiser.state_dict()
    dcp = _distributed_state()
    return dcp.get_optimizer_state_dict(module, optimiser, options=dcp.StateDictOptions(full_state_dict=True))


def load_optimiser_state(module: nn.Module, optimiser: torch.optim.Optimizer, state: State) -> None:
    if not is_sharded(module):
        optimiser.load_state_dict(state)
    else:
        dcp = _distributed_state()
        dcp.set_optimizer_state_dict(module, optimiser, state, options=dcp.StateDictOptions(full_state_dict=True))


def _is_spread(tensor: Tensor) -> bool:
    """Whether this is a DTensor; asked by its method, for importing the class costs a second on every start."""
    return hasattr(tensor, "full_tensor")


def _distributed_state() -> ModuleType:
    import torch.distributed.checkpoint.state_dict as dcp  # imported only where something is sharded: it is slow

    return dcp


def _buckets(grads: Sequence[Tensor]) -> Iterable[list[Tensor]]:
    bucket: list[Tensor] = []
    for grad in grads:
        full = sum(g.numel() for g in bucket) + grad.numel() > BUCKET
        if bucket and (full or grad.dtype != bucket[0].dtype or grad.device != bucket[0].device):
            yield bucket
            bucket = []
        bucket.append(grad)
    if bucket:
        yield bucket
