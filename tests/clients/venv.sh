#!/usr/bin/env bash
# A Python environment with pinned packages, made once and kept in the cache; prints its python.
#
#   tests/clients/venv.sh NAME REQUIREMENTS
set -euo pipefail
name="${1:?usage: venv.sh NAME REQUIREMENTS}"
requirements="${2:?usage: venv.sh NAME REQUIREMENTS}"

say() { echo "venv: $*" >&2; }

venvs="${RBEES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rbees}/venvs"
mkdir -p "$venvs"
key="$({ cat "$requirements"; python3 --version; } | sha256sum | cut -c 1-12)"
folder="$venvs/$name-$key"

exec 8>"$folder.lock"
flock 8
if [[ ! -f "$folder/.complete" ]]; then
  rm -rf "$folder"
  python3 -m venv "$folder" ||
    { say "python3 cannot make a virtual environment: apt-get install python3-venv"; exit 1; }
  say "installing $(grep -c '==' "$requirements") packages into $folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$requirements" >&2 ||
    { say "pip could not install $requirements"; exit 1; }
  "$folder/bin/pip" check >&2 || { say "$requirements does not name everything that its packages need"; exit 1; }
  touch "$folder/.complete"
fi
echo "$folder/bin/python"
