#!/usr/bin/env bash
# Real clients against the release build: the official OpenAI client, HTTP by hand, and processes that die.
#
#   tests/clients/run.sh [PYTEST ARGUMENTS]     for example: -k abort
#
# Ends with "N passed, N failed". Needs the four programs in build/release/bin (or RBEES_BIN) and, the first time, pip.
# test_crash_points.py takes those of build/dev/bin (or RBEES_DEV_BIN), and is not run where they are missing.
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
export RBEES_BIN="${RBEES_BIN:-$root/build/release/bin}"

broken() {
  echo "clients: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

for program in rbees rbees-orcd pool-managerd rbees-workerd; do
  [[ -x "$RBEES_BIN/$program" ]] || broken "$RBEES_BIN/$program is missing: tools/dev build -p release $program"
done
python="$("$here/venv.sh" clients "$here/requirements.txt")" || broken "no Python environment; the lines above say why"

results="$(mktemp)"
trap 'rm -f "$results"' EXIT
cd "$here" || exit 1
"$python" -B -m pytest -p no:cacheprovider -q --tb=short --junitxml="$results" -o junit_family=xunit2 "$@"
code=$?
"$python" -B "$here/count.py" "$results" || broken "pytest ended with $code and no results"
exit "$code"
