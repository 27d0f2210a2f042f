#!/usr/bin/env bash
# All that runs/photo_slice.sh takes, made on a CPU from a folder of free assets: 45 minutes on two cores.
#
#   runs/photo_prepare.sh ASSETS FOLDER     (ASSETS: what `livetalk data assets` has checked; FOLDER is gone on with)
#
# Packs of portraits to train on and held out, speech with its features, and the bundled networks, to begin from. It
# ends with the variables that photo_slice.sh reads. Speech has two English voices, and 28 where LIVETALK_KOKORO names
# a folder with an unpacked `npm pack kokoro-js@1.2.1`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
assets=${1:?folder of free assets} out=${2:?folder}
python=${PYTHON:-python3}
minutes=${MINUTES:-45} held_out_minutes=${HELD_OUT_MINUTES:-4} megabytes=${MEGABYTES:-16} limit=${LIMIT:-}
portraits=$assets/portraits
livetalk() { "$python" -m livetalk "$@"; }
step() { printf '== %s (%d s)\n' "$*" "$SECONDS"; }
bundled=$("$python" -c 'from importlib.resources import files; print(files("livetalk") / "assets/tiny")')

mkdir -p "$out/start"
step "the bundled networks"
cp "$bundled/codec.safetensors" "$out/start/codec.safetensors"
cp "$bundled/student.safetensors" "$out/start/student.safetensors"
cp "$here/../checkpoints/teacher/teacher.safetensors" "$out/start/teacher.safetensors"

pack() { # NAME OPTIONS...
    [ -e "$out/$1" ] || livetalk data pack "$out/$1" --portraits "$portraits" --held-out "$portraits/held_out.txt" \
        --max-mb "$megabytes" --processes 2 ${limit:+--limit "$limit"} "${@:2}"
}
step "portraits to train on"
pack portraits.pack
step "portraits that are held out"
pack held_out.pack --only-held-out

step "speech"
livetalk data speech --out "$out/speech" --minutes "$minutes"
livetalk data speech --out "$out/speech_held_out" --minutes "$held_out_minutes" --held-out
step "its features, as the model hears it"
[ -d "$out/features" ] || livetalk data features --speech "$out/speech" --speech "$out/speech_held_out" \
    --encoder "$bundled/speech.safetensors" --out "$out/features"

step "ready"
echo "START=$out/start FEATURES=$out/features PUPPETS=$out/portraits.pack HELD_OUT_PUPPETS=$out/held_out.pack runs/photo_slice.sh render"
