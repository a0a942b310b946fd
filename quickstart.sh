#!/usr/bin/env bash
# From a fresh clone to the first answer of a real language model. Safe to repeat: what is done is not done again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tools/lib/shell.sh

usage() {
  cat <<'TEXT'
Usage: ./quickstart.sh [--home DIR] [--listen HOST:PORT] [--no-install]

Installs what is missing, builds rbees and its inference engine, starts it, and asks a question.

  --home DIR           keep everything that rbees writes in DIR (default: the XDG folders of your home)
  --listen HOST:PORT   where rbees answers (default 127.0.0.1:8080; port 0 takes a free one)
  --no-install         do not install packages
  --help               this text

The first time takes long (most of it builds the engine and rbees); later runs take some seconds.
TEXT
}

question="What do bees make? Answer in one sentence."
targets=(rbees rbees-orcd pool-managerd rbees-workerd)
listen=()
install=yes
while (($#)); do
  case "$1" in
    --home) [[ -n "${2:-}" ]] || { usage >&2; exit 2; }; mkdir -p "$2"; RBEES_HOME="$(cd "$2" && pwd)"; shift ;;
    --listen) [[ -n "${2:-}" ]] || { usage >&2; exit 2; }; listen=(--listen "$2"); shift ;;
    --no-install) install=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; echo "quickstart: unknown argument: $1" >&2; exit 2 ;;
  esac
  shift
done
if [[ -n "${RBEES_HOME:-}" ]]; then export RBEES_HOME; fi
unset RBEES_URL RBEES_TOKEN  # it is about the rbees of this machine

logs="build/logs"
mkdir -p "$logs"
step_started=$SECONDS
step() { step_started=$SECONDS; echo "==> $*"; }
done_after() { echo "    done in $(elapsed "$step_started")"; }
# fail WHAT WHAT_TO_DO [LOG]
fail() {
  if [[ -n "${3:-}" ]]; then tail -n 20 "$3" >&2; echo "    (all of it: $3)" >&2; fi
  echo "quickstart: $1" >&2
  echo "            $2" >&2
  exit 1
}

step "1/5 packages"
if [[ "$install" == yes ]]; then
  tools/setup || fail "some packages are missing" "install them as said above, then run ./quickstart.sh again"
else
  echo "    left out (--no-install)"
fi
done_after

step "2/5 inference engine (llama.cpp)"
if [[ -z "${RBEES_LLAMA_CUDA:-}" ]] && nvidia-smi -L >/dev/null 2>&1; then
  echo "    there is a GPU; RBEES_LLAMA_CUDA=1 ./quickstart.sh builds for it (docs/gpu.md)"
fi
third_party/llama/build.sh >"$logs/llama-prefix" ||
  fail "the inference engine could not be built" "the lines above say why; what is done is kept, so try again"
done_after

step "3/5 rbees"
build_preset release "$logs/build.log" "${targets[@]}" ||
  fail "rbees could not be built" "after an update of the sources try again with a clean tree: tools/dev clean" \
    "$logs/build.log"
done_after

rbees="$PWD/build/release/bin/rbees"
step "4/5 model and start"
"$rbees" up "${listen[@]}" ||
  fail "rbees did not start" "the lines above say why; \`$rbees doctor\` looks closer, --listen chooses another port"
done_after

step "5/5 a question: $question"
answer="$("$rbees" run --max-tokens 200 --temperature 0 "$question")" ||
  fail "rbees gave no answer" "\`$rbees doctor\` and \`$rbees orchestrator logs\` say why"
done_after

status="$("$rbees" status --json)" || fail "rbees does not tell its state" "run $rbees doctor"
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1" <<<"$status"; }
url="$(field url)"
token_file="$(field token_file)"
home_option=""
if [[ -n "${RBEES_HOME:-}" ]]; then home_option="--home $RBEES_HOME "; fi

cat <<TEXT

$answer

rbees answers at   $url
your token is in   $token_file
ask it             $rbees ${home_option}run "your question"
or with curl       curl -s $url/v1/chat/completions -H "Authorization: Bearer \$(cat $token_file)" \\
                     -H 'Content-Type: application/json' -d '{"messages": [{"role": "user", "content": "Hello"}]}'
take it down       $rbees ${home_option}down

All of it took $(elapsed "$started_at").
TEXT
