#!/usr/bin/env bash
# Asks how many of the clips should be puppets: the same training for each of MIXES, alike but for that share.
#
#   runs/photo_mix.sh SECONDS      teacher, then ode, for all shares side by side on one GPU
#
# Takes its clips from the banks that `photo_slice.sh teach` or `encode` has left in RUN (its MIX has to be at least the largest
# share) and begins with codec, teacher and student of START, which should have seen no photograph. A student for each
# share, mix_0 ..., and the logs come into OUT. CLIPS: of each share; 0: as many as every share can be made of.
# TAUGHT: percent of the time for the teacher; 0: START's teacher teaches all shares, and only students differ.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
run=${RUN:?the folder of a run of photo_slice.sh} start=${START:?a folder of bundles: codec, teacher, student}
out=${OUT:-$run/out} features=${FEATURES:?a folder made by livetalk data features}
mixes=(${MIXES:-0 0.25 0.5}) clips=${CLIPS:-0} gpu=${GPU:-0} walk_seconds=${WALK_SECONDS:-40}
compile=${COMPILE---compile} taught=${TAUGHT:-55} reserve=${RESERVE:-20} # seconds for what comes after training
teacher=${TEACHER_OPTIONS:---batch 64 --lr 4e-4}
ode=${ODE_OPTIONS:---batch 64 --walk-steps 24 --text-scale 1.2 --audio-scale 1.5}
python=${PYTHON:-python3}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} TORCHDYNAMO_SUPPRESS_ERRORS=1 PYTHONUNBUFFERED=1 CUDA_VISIBLE_DEVICES=$gpu
now=$(date +%s)
end=$((now + ${1:?seconds} - reserve))
half=$((now + (end - now) * taught / 100))
mkdir -p "$out"

share() { # MIX
    local folder=$run/mix_$1
    cp "$start/codec.safetensors" "$folder/codec.safetensors"
    [ ! -e "$run/held_out.pt" ] || cp "$run/held_out.pt" "$folder/held_out.pt"
    mkdir -p "$folder/shards"
    if [ "$taught" = 0 ]; then
        cp "$start/teacher.safetensors" "$folder/teacher.safetensors"
    else
        "$python" -m livetalk.cli.train teacher --run "$folder" --speech "$features" --clips "$clips" --first 1 \
            --start "$start/teacher.safetensors" --until "$half" $compile $teacher
    fi
    "$python" -m livetalk.cli.train ode --run "$folder" --start "$start/student.safetensors" --trajectories 100000 \
        --walk-seconds "$walk_seconds" --until "$end" $compile $ode
    "$python" -m livetalk.cli.train bundle "$folder/ode.safetensors" --out "$out/mix_$1.safetensors" --release 1.0
}

clips=$("$python" "$here/mixed.py" "$run" "${mixes[*]}" "$clips" "$run"/bank*.pt)
echo "$clips clips of each share"
jobs=() failed=0
for mix in "${mixes[@]}"; do
    share "$mix" >"$run/mix_$mix/log" 2>&1 &
    jobs+=($!)
done
for job in "${jobs[@]}"; do wait "$job" || failed=1; done
(cd "$run" && find mix_* -name metrics.jsonl -o -path 'mix_*/log' | tar -czf "$out/mix_logs.tgz" -T -)
for mix in "${mixes[@]}"; do tail -n 3 "$run/mix_$mix/log"; done
exit $failed
