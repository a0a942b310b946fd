#!/usr/bin/env bash
# Shows the trap that the choice of threads avoids: the decode rate with one other process busy, with threads for every
# core, and with what the engine chooses.
#
#   lib/engine-llama/bench/threads.sh BUILD_FOLDER
set -euo pipefail
build="${1:?usage: threads.sh BUILD_FOLDER (for example build/release)}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
model="$("$here/../../../third_party/models/smollm2.sh")"
rate="$build/bin/rbees_engine_rate"
[[ -x "$rate" ]] || { echo "build it first: cmake --build $build --target rbees_engine_rate" >&2; exit 1; }

(while :; do :; done) &
busy=$!
trap 'kill "$busy"' EXIT
echo "one other process keeps a core busy"
echo "-- threads for every core ($(nproc))"
"$rate" "$model" 1 "$(nproc)" 64 64
echo "-- threads as the engine chooses"
"$rate" "$model" 1 0 64 64
