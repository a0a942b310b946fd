# What quickstart.sh and test.sh share; sourced by them from the root of the repository.

started_at=$SECONDS

# "1 min 12 s" since the argument, a value of SECONDS.
elapsed() {
  local seconds=$((SECONDS - $1))
  if ((seconds >= 60)); then echo "$((seconds / 60)) min $((seconds % 60)) s"; else echo "$seconds s"; fi
}

# One line for each tenth of ninja's "[done/all]"; the rest of its output goes to the file $1.
tenths() {
  awk -F '[][/]' -v log_file="$1" '
    { print > log_file; fflush(log_file) }
    /^\[[0-9]+\/[0-9]+\]/ && $3 > 20 { tenth = int($2 * 10 / $3)
      if (tenth > last) { last = tenth; print "         " tenth * 10 " % of " $3 " steps"; fflush() } }'
}

# build_preset PRESET LOG TARGET...: configures where needed and builds; the log has everything. With RBEES_LLAMA_CUDA
# the engine may be another one than before.
build_preset() {
  local preset="$1" log="$2"
  shift 2
  if [[ ! -f "build/$preset/build.ninja" || -n "${RBEES_LLAMA_CUDA:-}" ]]; then
    cmake --preset "$preset" >"$log" 2>&1 || return 1
  fi
  cmake --build "build/$preset" -j "$(nproc)" --target "$@" 2>&1 | tenths "$log"
}
