#!/usr/bin/env bash
# Every suite that CI runs, as deep as RBEES_DEPTH says. The last line is "N passed, N failed" over all suites; the exit
# code is 0 if none failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tools/lib/shell.sh

usage() {
  cat <<'TEXT'
Usage: ./test.sh [--only SUITE]... [--no-install]

Suites, in order:
  tidy          the form of the tree (tools/tidy)
  features      features/*.feature against the release build
  clients       real clients against the release build, and daemons that are killed (tests/clients)
  faults        disks and networks that fail, processes that stand still (not RBEES_DEPTH=quick)
  crash-points  processes that die at every place that has a name (not RBEES_DEPTH=quick)
  unit          all unit tests under AddressSanitizer and UndefinedBehaviorSanitizer; headers stand alone; modules link
  unit-tsan     the tests of what runs on several threads, under ThreadSanitizer
  features-asan the features with the sanitized programs (not RBEES_DEPTH=quick)
  sim           runs of the simulator, each of which must keep every promise; and each planted bug must be found (the
                latter not with RBEES_DEPTH=quick)
  fuzz          libFuzzer on all that reads bytes from outside (RBEES_DEPTH=night)
  lint          clang-tidy over everything (RBEES_DEPTH=night)

Environment:
  RBEES_DEPTH=quick|ci|night   how deep: which suites, and how often they try what is random (default quick; CI: ci)
  RBEES_REQUIRE=a,b            a suite of these names that cannot run here is a failure, not "not run"; so is a test
                               that lacks a ground of these names: model, mounts, netns, cgroup, crash-points

Logs are in build/logs. The first run builds everything twice with sanitizers, which takes long; later runs do not.
These builds go on beside the suites `clients` and `faults`, which mostly wait.
TEXT
}

only=()
install=yes
while (($#)); do
  case "$1" in
    --only) [[ -n "${2:-}" ]] || { usage >&2; exit 2; }; only+=("$2"); shift ;;
    --no-install) install=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "test: unknown argument: $1" >&2; exit 2 ;;
  esac
  shift
done
export RBEES_DEPTH="${RBEES_DEPTH:-quick}"
case "$RBEES_DEPTH" in quick | ci | night) ;; *) echo "test: RBEES_DEPTH is quick, ci or night" >&2; exit 2 ;; esac

logs="build/logs"
mkdir -p "$logs"
passed=0
failed=0
suite_started=$SECONDS

wanted() {
  ((${#only[@]} == 0)) && return 0
  local name
  for name in "${only[@]}"; do [[ "$name" == "$1" ]] && return 0; done
  return 1
}

# Whether the suite is left out for the sake of time: nobody named it.
is_too_deep() { [[ "$RBEES_DEPTH" == quick ]] && ((${#only[@]} == 0)); }

begin() { suite_started=$SECONDS; echo "==> $1"; }

# end SUITE PASSED FAILED
end() {
  passed=$((passed + $2))
  failed=$((failed + $3))
  echo "    $1: $2 passed, $3 failed ($(elapsed "$suite_started"))"
}

# broken SUITE LOG WHY: the suite could not do its work; that is one failure.
broken() {
  grep -nE -A 8 -m 3 '(FAILED:|error:|CMake Error)' "$2" | cut -c 1-240 | head -n 40 || true
  echo "    $3; all of it: $2"
  end "$1" 0 1
}

# not_run NAME WHY: its ground is missing here. A failure if RBEES_REQUIRE names it.
not_run() {
  echo "not run: $1 ($2)"
  if [[ ",${RBEES_REQUIRE:-}," == *",$1,"* ]]; then
    echo "    RBEES_REQUIRE says that $1 must run here"
    end "$1" 0 1
  fi
}

# ctest_suite SUITE PRESET CTEST_ARGUMENTS...: counts single tests; what a test skips is told as not run. One more at
# once than there are cores, because many wait for processes.
ctest_suite() {
  local suite="$1" preset="$2" log="$logs/$1.log" counts
  shift 2
  rm -f "$PWD/$logs/$suite.xml"
  ctest --test-dir "build/$preset" --output-on-failure -j "$(($(nproc) + 1))" \
    --output-junit "$PWD/$logs/$suite.xml" "$@" >"$log" 2>&1
  counts="$(python3 tools/lib/count_junit.py "$logs/$suite.xml")" ||
    { broken "$suite" "$log" "ctest gave no result"; return; }
  local kind first second
  while IFS=$'\t' read -r kind first second; do
    case "$kind" in
      skipped) not_run "$first" "$second" ;;
      failed) echo "    failed: $first (its output: $log)" ;;
      counts) end "$suite" "$first" "$second" ;;
    esac
  done <<<"$counts"
}

# What of each preset the suites need; built once a run.
build_release() {
  build_once release bdd-runner rbees rbees-orcd pool-managerd rbees-workerd rbees-faulty-disk rbees-sim
}
build_dev() { build_once dev all all_verify_interface_header_sets; }
build_tsan() { build_once tsan "${tsan_tests[@]}"; }
build_planted() { build_once planted rbees-sim; }

# Tests of modules with threads; a name here that no longer exists is an error of ninja, so the list stays true.
tsan_tests=(rbees_net_test rbees_store_test rbees_kernel_test rbees_http_api_test rbees_daemon_test
  rbees_orcd_parts_test rbees_workerd_parts_test pool_managerd_parts_test)

# build_once PRESET TARGET...: builds it, or waits until it is built in the background.
build_once() {
  local preset="$1" log="$logs/build-$1.log"
  shift
  if [[ -n "$background" ]]; then
    while [[ ! -e "$logs/built-$preset" ]] && kill -0 "$background" 2>/dev/null; do sleep 1; done
  fi
  [[ -e "$logs/built-$preset" ]] && return
  build_preset "$preset" "$log" "$@" && touch "$logs/built-$preset"
}

# The builds that take long, while suites run that mostly wait: on two cores that saves a quarter of a first run. Not
# where somebody named suites: the ones that are left out need no build.
background=""
build_in_background() {
  ((${#only[@]} == 0)) || return
  set -m  # a process group of its own, so that all of it can be ended
  (
    renice -n 10 -p "$BASHPID"
    background=""
    build_dev && build_tsan && { [[ "$RBEES_DEPTH" == quick ]] || build_planted; }
  ) >/dev/null 2>&1 &
  background=$!
  set +m
  trap 'kill -- -"$background" 2>/dev/null' EXIT
}

run_tidy() {
  begin tidy
  if tools/tidy >"$logs/tidy.log" 2>&1; then end tidy 1 0; else
    grep -v ': warning: ' "$logs/tidy.log" | head -n 60
    end tidy 0 1
  fi
}

run_unit() {
  begin unit
  build_dev || { broken unit "$logs/build-dev.log" "the dev preset does not build"; return; }
  ctest_suite unit dev
}

run_unit_tsan() {
  begin unit-tsan
  local probe="build/logs/tsan-probe"
  echo 'int main() {}' >"$probe.cpp"
  if ! { clang++-19 -fsanitize=thread "$probe.cpp" -o "$probe" && "$probe"; } >"$probe.log" 2>&1; then
    not_run unit-tsan "a program with ThreadSanitizer does not run here: $(head -n 1 "$probe.log")"
    return
  fi
  build_tsan || { broken unit-tsan "$logs/build-tsan.log" "the tsan preset does not build"; return; }
  ctest_suite unit-tsan tsan -L "^($(IFS='|' && echo "${tsan_tests[*]}"))$"
}

# features SUITE PRESET TAGS: its programs are built.
features_suite() {
  local suite="$1" preset="$2" tags="$3" line
  "build/$preset/bin/bdd-runner" --tags "$tags" features >"$logs/$suite.log" 2>&1
  line="$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$logs/$suite.log" | tail -n 1)"
  if [[ -z "$line" ]]; then broken "$suite" "$logs/$suite.log" "bdd-runner gave no result"; return; fi
  grep -A 6 '^  failed' "$logs/$suite.log" | cut -c 1-300
  end "$suite" "$(cut -d' ' -f1 <<<"$line")" "$(cut -d' ' -f3 <<<"$line")"
}

run_features() {
  begin features
  local tags=""
  if ! third_party/models/smollm2.sh >"$logs/model.log" 2>&1; then
    not_run model "the model is not in the cache and cannot be fetched: $(tail -n 1 "$logs/model.log")"
    tags="not @model"
  fi
  build_release || { broken features "$logs/build-release.log" "the release preset does not build"; return; }
  features_suite features release "$tags"
}

run_features_asan() {
  if is_too_deep; then not_run features-asan "RBEES_DEPTH=quick"; return; fi
  begin features-asan
  build_dev || { broken features-asan "$logs/build-dev.log" "the dev preset does not build"; return; }
  features_suite features-asan dev "not @model"
}

# Tests of the whole house under faults; they wait for leases and supervisors, so they take long.
fault_tests=(test_disk.py test_faulty_disk.py test_freezes.py test_partitions.py)
crash_tests=(test_crash_points.py)

# clients_suite SUITE PYTEST_ARGUMENTS...
clients_suite() {
  local suite="$1" log="$logs/$1.log" line
  shift
  build_release || { broken "$suite" "$logs/build-release.log" "the release preset does not build"; return; }
  tests/clients/run.sh "$@" >"$log" 2>&1
  grep '^not run: ' "$log"
  line="$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)"
  if [[ -z "$line" ]]; then broken "$suite" "$log" "tests/clients/run.sh gave no result"; return; fi
  end "$suite" "$(cut -d' ' -f1 <<<"$line")" "$(cut -d' ' -f3 <<<"$line")"
}

run_clients() {
  begin clients
  clients_suite clients "${fault_tests[@]/#/--ignore=}" "${crash_tests[@]/#/--ignore=}"
}

run_faults() {
  if is_too_deep; then not_run faults "RBEES_DEPTH=quick"; return; fi
  begin faults
  clients_suite faults "${fault_tests[@]}"
}

run_crash_points() {
  if is_too_deep; then not_run crash-points "RBEES_DEPTH=quick"; return; fi
  begin crash-points
  build_dev || { broken crash-points "$logs/build-dev.log" "the dev preset does not build"; return; }
  clients_suite crash-points "${crash_tests[@]}"
}

# sim_part SUITE PRESET RBEES_SIM_ARGUMENTS...: its last line counts.
sim_part() {
  local suite="$1" preset="$2" log="$logs/$1.log" line
  shift 2
  "build_$preset" || { broken "$suite" "$logs/build-$preset.log" "the $preset preset does not build"; return; }
  "build/$preset/bin/rbees-sim" "$@" >"$log" 2>&1
  line="$(tail -n 1 "$log" | grep -E '^[0-9]+ passed, [0-9]+ failed$')"
  if [[ -z "$line" ]]; then broken "$suite" "$log" "rbees-sim gave no result"; return; fi
  grep -E 'times real time|broke a promise|NOT found' "$log" | cut -c 1-300
  end "$suite" "$(cut -d' ' -f1 <<<"$line")" "$(cut -d' ' -f3 <<<"$line")"
}

run_sim() {
  local seeds=1000
  if [[ "$RBEES_DEPTH" == ci ]]; then seeds=3000; elif [[ "$RBEES_DEPTH" == night ]]; then seeds=50000; fi
  begin sim
  sim_part sim release run --seeds "$seeds" --report "$logs/sim.html"
  if is_too_deep; then not_run sim-planted "RBEES_DEPTH=quick"; return; fi
  sim_part sim-planted planted planted --seeds 1000
}

run_fuzz() {
  if [[ "$RBEES_DEPTH" != night ]] && ! ((${#only[@]})); then not_run fuzz "RBEES_DEPTH is not night"; return; fi
  begin fuzz
  tools/dev fuzz >"$logs/fuzz.log" 2>&1
  local status=$? ran found
  ran="$(grep -c '^fuzz: [a-z_]*$' "$logs/fuzz.log")"
  found="$(grep -c '^fuzz: FOUND by' "$logs/fuzz.log")"
  if ((ran == 0 || (status != 0 && found == 0))); then
    broken fuzz "$logs/fuzz.log" "the fuzzers did not run"
    return
  fi
  grep '^fuzz: FOUND by' "$logs/fuzz.log"
  end fuzz "$((ran - found))" "$found"
}

run_lint() {
  if [[ "$RBEES_DEPTH" != night ]] && ! ((${#only[@]})); then not_run lint "RBEES_DEPTH is not night"; return; fi
  begin lint
  if tools/dev lint --all >"$logs/lint.log" 2>&1; then end lint 1 0; else
    broken lint "$logs/lint.log" "clang-tidy stopped"
  fi
}

if [[ "$install" == yes ]]; then
  tools/setup --dev || { echo "test: install what is missing as said above, then try again" >&2; exit 1; }
fi
third_party/llama/build.sh >"$logs/llama-prefix" ||
  { echo "test: no inference engine; the lines above say why" >&2; exit 1; }

rm -f "$logs"/built-*
for suite in tidy features clients faults crash-points unit unit-tsan features-asan sim fuzz lint; do
  if wanted "$suite"; then "run_${suite//-/_}"; fi
  if [[ "$suite" == features ]]; then build_in_background; fi
done
echo "all of it took $(elapsed "$started_at")"
if ((passed + failed == 0)); then echo "test: no suite of that name ran" >&2; failed=1; fi
echo "$passed passed, $failed failed"
((failed == 0))
