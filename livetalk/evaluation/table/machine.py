"""Machine and devices by name: a time without them says nothing."""

import os

from livetalk.runtime.cpu import cores, processor


def machine_name() -> str:
    """Processor, cores and memory, and GPUs where there are any."""
    import torch

    gpus = [torch.cuda.get_device_name(place) for place in range(torch.cuda.device_count())]
    return ", ".join([*gpus, f"{processor()}, {cores()} cores, {_gigabytes():.0f} GB"])


def device_name(device: str | None) -> str:
    """A device as a table names it: a GPU's product name, or the processor."""
    if device is None or not device.startswith("cuda"):
        return f"{processor()}, {cores()} cores"
    import torch

    place = int(device.partition(":")[2] or 0)
    return torch.cuda.get_device_name(place) if place < torch.cuda.device_count() else device


def load() -> float | None:
    """Programs that wanted to run in the last minute, on average; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _gigabytes() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError, AttributeError):
        return float("nan")
