"""Packs a run's weights into the bundles of a preset: python runs/bundle.py RUN FOLDER VERSION PRESET.

The encoders are those that lie in the package: the stages of a run leave a codec and a student.
"""

import shutil
import sys
from importlib.resources import files
from pathlib import Path

from livetalk.weights import load_tensors, save_bundle

ENCODERS = ("speech", "text")


def main(run: str, folder: str, version: str, preset: str) -> None:
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    for part, stage in (("codec", "codec"), ("student", "dmd")):
        state, _ = load_tensors(Path(run) / f"{part}.safetensors")
        metadata = {"preset": preset, "version": version, "stage": stage}
        save_bundle(out / f"{part}.safetensors", {name: tensor.float() for name, tensor in state.items()}, metadata)
    for part in ENCODERS:
        shutil.copyfile(str(files("livetalk") / "assets" / "tiny" / f"{part}.safetensors"), out / f"{part}.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:5])
