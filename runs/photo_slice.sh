#!/usr/bin/env bash
# Teaches a model that knows rendered people to move photographs, in calls of a few minutes that resume.
#
#   runs/photo_slice.sh render            clips of both kinds, in the background; returns once some are there
#   runs/photo_slice.sh encode            CLIPS of them, encoded into a bank, and no more: what `photo_mix.sh` asks for
#   runs/photo_slice.sh teach   SECONDS   the teacher on all GPUs, clips encoded as they come: CLIPS for each of them
#   runs/photo_slice.sh regress SECONDS   trajectories and ode, a run on each GPU with clips of its own (encoded first if
#                                         `teach` left none), and their mean, which forgets what each learned by heart
#   runs/photo_slice.sh match   SECONDS   dmd, a run on each GPU, begun or gone on with, and their mean; DECODER=1: a run
#                                         less, and the codec's decoder beside it, on clips that `teach` has left
#
# A rendered clip takes 16 MB until it is encoded: MOST shards of SHARD clips have to have room. SHARDS names a folder
# in memory for them (/dev/shm/shards): a disk is what training waits for, else.
#
# A call takes SECONDS by the clock and goes on from what lies in RUN. Where that is empty it begins with the bundles
# (8 bits a weight) in START: codec, teacher, student, and student_a, student_b for `match`. What it has learned it
# leaves in OUT as such bundles of at most 16 MiB, with the logs, so that the next call may be made elsewhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
run=${RUN:-$here/photo_slice} start=${START:?a folder of bundles: codec, teacher, student} out=${OUT:-$run/out}
features=${FEATURES:?a folder made by livetalk data features}
puppets=${PUPPETS:-} held_out_puppets=${HELD_OUT_PUPPETS:-} mix=${MIX:-0.5}
photos=${PHOTOS:-$puppets}                             # still pictures for the codec: a folder, or a pack
gpus=${GPUS:-2} devices=${DEVICES:-$gpus} processes=${PROCESSES:-28} # GPUs, those that draw, processes that render
clips=${CLIPS:-6144} shard=${SHARD:-16} first=${FIRST:-1024} # each GPU's training begins when it has `first` clips
most=${MOST:-240} # shards that lie there at once
join=${JOIN:-1} compile=${COMPILE---compile} reserve=${RESERVE:-40} # seconds for what comes after training
walk_seconds=${WALK_SECONDS:-150} trajectories=${TRAJECTORIES:-8192} # of each process, whichever is reached first
teacher=${TEACHER_OPTIONS:---batch 96 --lr 4e-4 --moves 0.3}
codec=${CODEC_OPTIONS:---batch 16 --lr 5e-4 --texture 0.4 --clips 1600}
ode=${ODE_OPTIONS:---batch 64 --walk-steps 24 --text-scale 1.2 --audio-scale 1.5 --moves 0.3}
dmd=${DMD_OPTIONS:---batch 32 --lr 5e-5 --critic-lr 1e-4 --critic-warmup 200}
audio_scales=(${AUDIO_SCALES:-2.2 1.5}) text_scales=(${TEXT_SCALES:-1.2 1.2}) # of the teacher's score, a dmd run each
moves=(${MOVES:-0.3 0.3}) # their pulls towards what faces of the clips did
names=(a b)
names=("${names[@]:0:${#audio_scales[@]}}")
decoder=${DECODER:-} # not empty: the codec's decoder learns beside dmd
[ -z "$decoder" ] || names=(a)
module=livetalk.cli.train
python=${PYTHON:-python3}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-2} TORCHDYNAMO_SUPPRESS_ERRORS=1 PYTHONUNBUFFERED=1
mkdir -p "$run/logs" "$out" "${SHARDS:-$run/shards}"
[ -z "${SHARDS:-}" ] || ln -sfnT "$SHARDS" "$run/shards"
say() { printf '%(%H:%M:%S)T  %s\n' -1 "$*"; }

on() { # GPU NAME STAGE OPTIONS...: one process; 130 says that it left a checkpoint to go on from
    local gpu=$1 name=$2
    shift 2
    CUDA_VISIBLE_DEVICES=$((gpu % (gpus > 0 ? gpus : 1))) \
        "$python" -m "$module" "$@" >>"$run/logs/$name.log" 2>&1 || [ $? = 130 ] || { tail -n 25 "$run/logs/$name.log"; return 1; }
}

on_all() { # NAME STAGE OPTIONS...
    local name=$1
    shift
    [ "$gpus" -gt 1 ] || { on 0 "$name" "$@"; return; }
    "$python" -m torch.distributed.run --standalone --nproc-per-node "$gpus" -m -- "$module" "$@" \
        >>"$run/logs/$name.log" 2>&1 || { tail -n 25 "$run/logs/$name.log"; return 1; }
}

begin() { # weights that RUN does not have yet
    for name in codec teacher; do
        [ -e "$run/$name.safetensors" ] || cp "$start/$name.safetensors" "$run/$name.safetensors"
    done
}

rendering() { kill -0 "$(cat "$run/render.pid" 2>/dev/null)" 2>/dev/null; }

shards() { find "$run/shards/" -name 'shard_*.npz' | wc -l; }

render() {
    if rendering; then return; fi
    local pack=()
    [ -z "$puppets" ] || pack=(--puppets "$puppets" --mix "$mix")
    [ -z "$held_out_puppets" ] || pack+=(--held-out-puppets "$held_out_puppets")
    [ -z "${BACKGROUNDS:-}" ] || pack+=(--backgrounds "$BACKGROUNDS")   # a folder of pictures
    [ -z "${ASSETS:-}" ] || pack+=(--assets "$ASSETS" --photographed "${PHOTOGRAPHED:-0.5}") # a pack of free assets, the share of heads in it
    setsid nice -n 5 "$python" -m livetalk.data.pool "$features" "$run" "$processes" "$most" --clips "$shard" \
        --devices $((devices > 0 ? devices : 1)) "${pack[@]}" >>"$run/logs/render.log" 2>&1 </dev/null &
    echo $! >"$run/render.pid"
}

held_out() { # whether the held-out clips of every kind are there, which stages measure themselves on
    local each=$((processes < 4 ? processes : 4)) there
    there=$(find "$run"/held_out* -name 'shard_*.npz' 2>/dev/null | wc -l)
    [ "$there" -ge $((each * (1 + (${#held_out_puppets} > 0)))) ]
}

watch() { # COUNT SECONDS: until so many shards are there and what is held out, or the time is over
    local began=$SECONDS
    until { [ "$(shards)" -ge "$1" ] && held_out; } || [ $((SECONDS - began)) -ge "$2" ] || ! rendering; do
        sleep 1
    done
    say "$(shards) shards of $shard clips after $((SECONDS - began)) s"
    cat "$run"/*/failed_*.txt "$run/logs/render.log" 2>/dev/null | tail -n 25 || true
}

known() { # encoded clips for ode and dmd: where `teach` has not made them, by a step of the teacher that changes nothing
    [ ! -e "$run/bank.pt" ] || return 0
    render
    say "clips are encoded"
    encoded bank --first "$clips" --steps 1
    rm -rf "$run/teacher"
    stop_rendering
}

encoded() { # NAME OPTIONS...: the teacher's stage on clips that are rendered meanwhile, which it leaves encoded
    on_all "$1" teacher --run "$run" --speech "$features" --clips "$clips" --consume \
        --start "$run/teacher.safetensors" "${@:2}"
}

stop_rendering() { kill "$(cat "$run/render.pid" 2>/dev/null)" 2>/dev/null || true; }

all() { # JOBS...: wait for them all; what one has failed to do does not keep the others from being saved
    for job in "$@"; do wait "$job" || failed=1; done
}

on_all_or_one() { # FUNCTION ARGUMENTS...: once more on one GPU where all of them together have failed
    "$@" || { say "once more, on one GPU"; gpus=1 "$@"; } || failed=1
}

teach() { # UNTIL
    render
    rm -rf "$run/teacher"
    on_all_or_one encoded teacher --first "$first" --until "$1" $compile $teacher
    stop_rendering
}

decode() { # UNTIL: the codec's decoder learns on the last GPU, from clips that are left on the disk
    mkdir -p "$run/codec_run"
    for name in held_out held_out_puppets shards; do ln -sfn "$run/$name" "$run/codec_run/$name"; done
    on $((gpus > 0 ? gpus - 1 : 0)) codec codec --run "$run/codec_run" --first $(($(shards) * shard / 2)) --until "$1" \
        --decoder-only --start "$run/codec.safetensors" ${photos:+--photos "$photos"} $compile $codec
}

keep_decoder() {
    [ -e "$run/codec_run/codec.safetensors" ] || return 0
    cp "$run/codec_run/codec.safetensors" "$run/codec.safetensors" # later calls go on from it
    keep codec "$run/codec.safetensors"
}

regress() { # UNTIL
    known
    say "trajectories and ode"
    local jobs=() banks=("$run"/bank.pt "$run"/bank_[1-9].pt)
    [ -e "${banks[-1]}" ] || unset "banks[-1]"
    for k in "${!banks[@]}"; do
        beside "$run/ode_$k" "${banks[k]}"
        regressed "$k" "$run/ode_$k" "$1" &
        jobs+=($!)
    done
    all "${jobs[@]}"
    keep ode "$run"/ode_[0-9]/ode.safetensors
    cp "$out/ode.safetensors" "$run/ode.safetensors"
}

regressed() { # RUN FOLDER UNTIL: one run of ode
    on "$1" "ode_$1" ode --run "$2" --start "$start/student.safetensors" --trajectories "$trajectories" \
        --walk-seconds "$walk_seconds" --until "$3" --join-weight "$join" $compile $ode
}

beside() { # FOLDER BANK: a run's folder, with all of RUN but the clips, which are its own
    mkdir -p "$1"
    for name in codec.safetensors teacher.safetensors held_out.pt; do ln -sfn "$run/$name" "$1/$name"; done
    ln -sfn "$2" "$1/bank.pt"
}

distilled() { # RUN FOLDER START UNTIL COMPILE: one run of dmd
    # Only the warm-up of the rates is a share of --seconds; the clock ends the call.
    on "$1" "dmd_${names[$1]}" dmd --run "$2" --start "$3" --seconds 900 --until "$4" --sample-every 150 $5 $dmd \
        --audio-scale "${audio_scales[$1]}" --text-scale "${text_scales[$1]}" --moves "${moves[$1]}" --join-weight "$join"
}

matched() { # RUN FOLDER START UNTIL: uncompiled if compilation fails
    distilled "$@" "$compile" || { say "once more, not compiled"; distilled "$@" ""; }
}

match() { # UNTIL: all runs of dmd go on, or begin with what is newest
    known
    say "dmd"
    local jobs=()
    for k in "${!names[@]}"; do
        local folder=$run/dmd_${names[k]} from
        beside "$folder" "$run/$([ -e "$run/bank_$k.pt" ] && echo "bank_$k.pt" || echo bank.pt)"
        for from in "$start/student_${names[k]}.safetensors" "$run/ode.safetensors" "$start/student.safetensors"; do
            [ ! -e "$from" ] || break
        done
        matched "$k" "$folder" "$from" "$1" &
        jobs+=($!)
    done
    if [ -n "$decoder" ] && [ "$(shards)" -gt 0 ]; then
        decode "$1" &
        jobs+=($!)
    elif [ -n "$decoder" ]; then
        say "no clips are left for the decoder: run teach first"
        failed=1
    fi
    all "${jobs[@]}"
}

keep() { # NAME FILES...: their mean as a bundle in OUT
    "$python" -m "$module" bundle "${@:2}" --out "$out/$1.safetensors" --release 1.0 || failed=1
}

logs() { # losses, what was printed, the newest pictures; held-out figures are shown
    cd "$run"
    {
        find . -name metrics.jsonl -o -path './logs/*.log'
        find . -path '*/samples/*.jpg' -printf '%T@ %p\n' | sort -n | tail -n 8 | cut -d' ' -f2-
    } | tar -czf "$out/logs.tgz" -T - || true
    grep held_out $(find . -name metrics.jsonl) /dev/null | cut -c1-260 | tail -n 12 || true
}

stage=${1:?render, encode, teach, regress or match}
until=$(($(date +%s) + ${2:-0} - reserve))
failed=0
begin
trap logs EXIT
case $stage in
    render)
        render
        watch "${ENOUGH:-$processes}" "${PATIENCE:-60}"
        rendering || failed=1
        ;;
    encode) known ;;
    teach)
        teach "$until"
        keep teacher "$run/teacher.safetensors"
        ;;
    regress) regress "$until" ;;
    match)
        match "$until"
        for name in "${names[@]}"; do keep "student_$name" "$run/dmd_$name/student.safetensors"; done
        keep student "$run"/dmd_*/student.safetensors
        keep_decoder
        ;;
    *) echo "$0: no stage $stage: choose render, encode, teach, regress or match" >&2; exit 2 ;;
esac
say "$stage is done"
exit $failed
