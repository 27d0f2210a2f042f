"""Options of the measures of fidelity: which clips' seconds, which networks, by which protocol. Knows files only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from livetalk.geometry import FRAME_RATE
from livetalk.options import Option


@dataclass(frozen=True)
class FidelityOptions:
    """What is measured, and how. A network that is not given leaves its figures out."""

    frame_rate: Annotated[int, Option("Frames a second that both sides are measured at.", min=1)] = FRAME_RATE
    seconds: Annotated[float, Option("First seconds of each clip that are measured.", min=0.1)] = 15.0
    inception: Annotated[
        str | None, Option("FID's Inception (pt_inception-2015-12-05-6726825d.pth), or hf:OWNER/REPOSITORY/FILE.")
    ] = None
    i3d: Annotated[str | None, Option("StyleGAN-V's i3d_torchscript.pt: fvd_styleganv.")] = None
    i3d_crop: Annotated[bool, Option("Crop its frames to squares instead of squeezing them: fvd_styleganv_crop.")] = (
        False
    )
    cdfvd: Annotated[str | None, Option("cd-fvd's i3d_pretrained_400.pt: fvd_cdfvd.")] = None
    per_pair: Annotated[bool, Option("Per pair, too, as OmniAvatar's script: fid_per_pair, fvd_per_pair; slow.")] = (
        False
    )
    quality: Annotated[
        str | None, Option("An OpenAI-compatible address with logprobs (http://HOST/v1): IQA and ASE.")
    ] = None
    quality_model: Annotated[str, Option("The model's name there; else the first that it lists.")] = ""
    quality_seconds: Annotated[float, Option("Seconds from one rated frame to the next.", min=0.04)] = 1.0
    quality_log: Annotated[Path | None, Option("Keeps ratings: a run goes on there.")] = None
    long: Annotated[
        bool, Option("Curves of each whole video, too: a figure every 10 s, drift at 1, 10, 60 minutes.")
    ] = False
    device: Annotated[str, Option("Where these networks run: cpu, cuda, cuda:1.")] = "cpu"
    face: Annotated[str | None, Option("An ArcFace network (.onnx, or TorchScript), or hf:OWNER/REPOSITORY/FILE.")] = (
        None
    )
    every: Annotated[int, Option("Frames from one whose face and statistics are described to the next.", min=1)] = 8
