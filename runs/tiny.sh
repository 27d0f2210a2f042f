#!/usr/bin/env bash
# The whole recipe in miniature, from nothing to a video: less than four minutes on two CPU cores.
#
#   runs/tiny.sh [FOLDER]     (runs/tiny/ by default; begun stages go on where they were)
#
# Speech, its features, rendered heads, the four stages of training, bundles, a video. Everything is real but the size:
# preset `miniature`, 64 pixels a side, a few dozen steps a stage. What comes out moves; it does not talk.
# The full recipe is the same with --preset tiny, more of everything and a GPU: docs/recipe.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/tiny}
python=${PYTHON:-python3}
clips=16 size=64
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
livetalk() { "$python" -m livetalk "$@"; }
step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

mkdir -p "$out"
step "speech with the exact time of every phoneme"
[ -e "$out/speech/manifest.jsonl" ] || livetalk data speech --out "$out/speech" --minutes 0.3

step "its features, as the model hears it"
encoder=$("$python" -c 'from importlib.resources import files; print(files("livetalk") / "assets/tiny/speech.safetensors")')
[ -d "$out/features" ] || livetalk data features --speech "$out/speech" --encoder "$encoder" --out "$out/features" --variants 1

step "$clips clips of people who do not exist"
if [ ! -d "$out/shards" ]; then # under another name until they are all there
    "$python" "$here/shards.py" "$out/features" "$out/shards.part" "$clips" "$size"
    mv "$out/shards.part" "$out/shards"
fi

train() { # STAGE OPTIONS...
    step "train $1"
    livetalk train "$1" --preset miniature --run "$out" "${@:2}"
}
train codec --clips "$clips" --first "$clips" --batch 8 --steps 40
train teacher --speech "$out/features" --clips "$clips" --first "$clips" --batch 4 --steps 60
train ode --trajectories 8 --batch 4 --steps 40
train dmd --batch 2 --critic-warmup 4 --steps 12

step "bundles, and a video made with them"
"$python" "$here/bundle.py" "$out" "$out/bundle" miniature miniature
livetalk generate --preset miniature --weights "$out/bundle" --avatar ada --out "$out/tiny.mp4"
step "done: $out/tiny.mp4"
