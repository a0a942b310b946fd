# What the model recipes share; sourced by them. Needs python3 with venv, and uses pip as this machine configures it.
set -euo pipefail

recipes="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${RBEES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rbees}"
models="$cache/models"
mkdir -p "$models"

say() { echo "models: $*" >&2; }
die() { say "$*"; exit 1; }

has_hash() { [[ -f "$1" ]] && echo "$2  $1" | sha256sum --check --status; }

# finish_if_there FILE: ends the script with the path if the file is there already. A file found under its name was
# verified before it got that name, so only its presence is checked.
finish_if_there() {
  if [[ -f "$1" ]]; then
    echo "$1"
    exit 0
  fi
}

# One recipe at a time for each file; the lock goes with the script.
lock() {
  command -v flock >/dev/null || die "flock is missing: apt-get install util-linux"
  exec 8>"$1.lock"
  flock 8
}

# Puts the pip packages named after FOLDER into a virtual environment there.
make_venv() {
  local folder="$1"
  shift
  [[ -f "$folder/.complete" ]] && return
  mkdir -p "$(dirname "$folder")"
  exec 7>"$folder.lock"
  flock 7
  if [[ ! -f "$folder/.complete" ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder" || die "python3 cannot make a virtual environment: apt-get install python3-venv"
    if (($#)); then
      "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2 || die "pip could not install $*"
    fi
    touch "$folder/.complete"
  fi
  exec 7>&-
}

# fetch_package NAME VERSION SHA256 FOLDER: the wheel's path, verified.
fetch_package() {
  local name="$1" version="$2" hash="$3" folder="$4" wheel
  make_venv "$cache/python/fetch"
  say "fetching $name $version"
  "$cache/python/fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps \
    --dest "$folder" "$name==$version" >&2 || die "the package index did not give $name==$version"
  wheel="$(find "$folder" -maxdepth 1 -name '*.whl' | head -n 1)"
  has_hash "$wheel" "$hash" || die "$name==$version has the wrong hash; nothing was kept"
  echo "$wheel"
}
