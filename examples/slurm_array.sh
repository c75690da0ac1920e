#!/bin/bash
# Extract features of a corpus by a job array of Slurm, one shard for each task, and merge them:
#
#     bash examples/slurm_array.sh N CORPUS OUT [OPTION...]
#     bash examples/slurm_array.sh 40 /data/corpus /data/corpus.parquet --labels folder
#
# The options are those of featkit extract. All nodes must see CORPUS and the folder of OUT. The
# shards, their logs and the log of the merge are in OUT.shards, a folder next to OUT.
#
# If a task fails, the merge names the missing shards and writes nothing. Run only these tasks
# again, and the merge; a task resumes from what it has finished:
#
#     TASKS=7,21 bash examples/slurm_array.sh 40 /data/corpus /data/corpus.parquet --labels folder
#
# The tasks are numbered from 1, as shards are. N is an argument, and not SLURM_ARRAY_TASK_COUNT,
# since that would be 2 when only tasks 7 and 21 run. In an array from 0, the shard would be
# $((SLURM_ARRAY_TASK_ID + 1)).

set -euo pipefail

submit() {
    local n=$1 corpus=$2 out=$3
    local shards="${out%/}.shards" array merge
    mkdir -p "$shards"
    array=$(sbatch --parsable --job-name=featkit --array="${TASKS:-1-$n}" \
        --cpus-per-task="${CPUS:-4}" --mem-per-cpu="${MEMORY:-1G}" \
        --output="$shards/%a.log" "$0" extract "$n" "$corpus" "$out" "${@:4}")
    # afterany, and not afterok: the log of the merge names what is missing.
    merge=$(sbatch --parsable --job-name=featkit-merge --dependency="afterany:${array%%;*}" \
        --mem=2G --output="$shards/merge.log" "$0" merge "$n" "$corpus" "$out")
    echo "submitted: tasks ${TASKS:-1-$n} as job ${array%%;*}, merge as job ${merge%%;*}"
}

extract() {
    local n=$1 corpus=$2 out=$3
    local shard="$SLURM_ARRAY_TASK_ID/$n" status=0
    featkit extract "$corpus" -o "${out%/}.shards/$SLURM_ARRAY_TASK_ID.parquet" --shard "$shard" \
        --jobs "${SLURM_CPUS_PER_TASK:-1}" "${@:4}" || status=$?
    # Status 3: some recordings failed. They are in the shard, and the merge lists them.
    [ "$status" -eq 3 ] || return "$status"
}

merge() {
    featkit merge "${3%/}.shards/" -o "$3"
}

case "${1:-}" in
    extract | merge) "$@" ;;
    "" | *[!0-9]*) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit 2 ;;
    *) [ $# -ge 3 ] || { echo "usage: slurm_array.sh N CORPUS OUT [OPTION...]" >&2; exit 2; }
       submit "$@" ;;
esac
