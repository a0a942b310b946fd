# What the model recipes share; sourced by them. Needs python3 with venv, and uses pip as this machine configures it.
set -euo pipefail

recipes="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${RBEES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rbees}"
models="$cache/models"
mkdir -p "$models"

say() { echo "models: $*" >&2; }
die() { say "$*"; exit 1; }

has_hash() { [[ -f "$1" ]] && echo "$2  $1" | sha256sum --check --status; }

# finish_if_there FILE SHA256: ends the script with the path if the file is there already, and still as it was made. One
# with other bytes is made again.
finish_if_there() {
  if has_hash "$1" "$2"; then
    echo "$1"
    exit 0
  fi
}

# take_lock FILE.lock: one script at a time for each file; the lock goes with the script.
take_lock() {
  command -v flock >/dev/null || die "flock is missing: apt-get install util-linux"
  exec 8>"$1"
  flock 8
}

# As `python3 -m venv` makes it, in FOLDER; and what pip needs to fill it from wheels alone: a source package would run
# code of its own before anything of it is checked. With a file of REQUIREMENTS every wheel must have one of its hashes.
make_venv() {
  local folder="$1" requirements="${2:-}"
  [[ -f "$folder/.complete" ]] && return
  command -v flock >/dev/null || die "flock is missing: apt-get install util-linux"
  mkdir -p "$(dirname "$folder")"
  exec 7>"$folder.lock"
  flock 7
  if [[ ! -f "$folder/.complete" ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder" || die "python3 cannot make a virtual environment: apt-get install python3-venv"
    if [[ -n "$requirements" ]]; then
      "$folder/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: --require-hashes \
        --requirement "$requirements" >&2 || die "pip could not install what $requirements names"
    fi
    touch "$folder/.complete"
  fi
  exec 7>&-
}

# fetch_package NAME VERSION SHA256 FOLDER: the wheel's path. Verified, unless SHA256 is empty.
fetch_package() {
  local name="$1" version="$2" hash="$3" folder="$4" wheel
  [[ "$name" =~ ^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$ ]] || die "\`$name\` is no name of a Python package"
  [[ "$version" =~ ^[A-Za-z0-9][A-Za-z0-9.!+_-]*$ ]] || die "\`$version\` is no version of a Python package"
  make_venv "$cache/python/fetch"
  say "fetching $name $version"
  echo "$name==$version${hash:+ --hash=sha256:$hash}" >"$folder/requirements.txt"
  "$cache/python/fetch/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    ${hash:+--require-hashes} --dest "$folder" --requirement "$folder/requirements.txt" >&2 ||
    die "the package index did not give the wheel of $name==$version, or one with other bytes; nothing was kept"
  wheel="$(find "$folder" -maxdepth 1 -name '*.whl' | head -n 1)"
  [[ -n "$wheel" ]] || die "the package index gave no wheel of $name==$version"
  [[ -z "$hash" ]] || has_hash "$wheel" "$hash" || die "$name==$version has the wrong hash; nothing was kept"
  echo "$wheel"
}
