#!/usr/bin/env bash
# Gets llama.cpp v0.5.0, builds it once into the cache and prints the folder of the installation.
#
#   third_party/llama/build.sh            prints PREFIX: lib/*.a, include/, bin/llama-server, RECIPE
#
# Safe to repeat and to run twice at the same time. Progress goes to stderr, the folder alone to stdout.
#
#   RBEES_LLAMA_PREFIX=DIR   use an installation that is there already, build nothing
#   RBEES_LLAMA_SOURCE=DIR   build this source (yours: not verified) instead of the pinned one
#   RBEES_LLAMA_CUDA=1       with CUDA kernels for the GPUs of this machine (needs CUDA's toolkit); or for these compute
#                            capabilities, also where no GPU is: RBEES_LLAMA_CUDA="86;90". docs/gpu.md says more
#   RBEES_CACHE=DIR          where downloads and builds are kept (default $XDG_CACHE_HOME/rbees)
set -euo pipefail

version=0.5.0
upstream=https://github.com/ggml-org/llama.cpp
package=node-llama-cpp@3.22.1
package_sha512=bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw==
bundle_sha256=5f5d1105d5df040738d87b8290e5d17e7362131cdcfdb0831618e0ea528b4a51
source_tree=fd570ef54b10ec5fecb739e7e04c8ce44a6f415a  # git's hash of the content; holds for bundle and clone
probe_seconds=8        # a source that does not answer by then is passed over
download_seconds=900
job_bytes=1500000000   # what one compiler may need
nvcc_least=12.8        # the first that takes clang-19

flags=(
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19
  -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld-19 -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld-19
  -DCMAKE_MODULE_LINKER_FLAGS=-fuse-ld=lld-19 -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  -DBUILD_SHARED_LIBS=OFF -DGGML_CCACHE=OFF -DGGML_OPENMP=ON -DGGML_NATIVE=ON
  -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF
  -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_SERVER=ON
  -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF -DLLAMA_ALL_WARNINGS=OFF
)

say() { echo "llama.cpp: $*" >&2; }
die() { say "$*"; exit 1; }

# clang-19 compiles the host's side, too: nvcc's own choice, g++, may be absent and does not know our linker.
use_cuda() {
  local nvcc release
  nvcc="$(PATH="$PATH:/usr/local/cuda/bin" command -v nvcc)" ||
    die "RBEES_LLAMA_CUDA is set, but nvcc is neither on PATH nor in /usr/local/cuda/bin; install CUDA's toolkit"
  release="$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')"
  printf '%s\n' "$nvcc_least" "$release" | sort --version-sort --check=quiet ||
    die "$nvcc is of CUDA ${release:-unknown}; $nvcc_least or newer is needed"
  flags+=(-DGGML_CUDA=ON -DGGML_CUDA_NCCL=OFF -DCMAKE_CUDA_COMPILER="$nvcc" -DCMAKE_CUDA_HOST_COMPILER=clang++-19)
  cuda_for="CUDA $release"
  if [[ "$RBEES_LLAMA_CUDA" == 1 ]]; then
    cuda_for+=" $( (nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null || true) | sort -u | xargs)"
  else
    flags+=(-DCMAKE_CUDA_ARCHITECTURES="$RBEES_LLAMA_CUDA")
  fi
}
cuda_for=  # the toolkit, and the GPUs that "native" means
case "${RBEES_LLAMA_CUDA:-}" in "" | 0) ;; *) use_cuda ;; esac

is_installation() {
  [[ -f "$1/lib/libserver-context.a" && -f "$1/include/server/server-context.h" && -f "$1/RECIPE" ]]
}

if [[ -n "${RBEES_LLAMA_PREFIX:-}" ]]; then
  is_installation "$RBEES_LLAMA_PREFIX" ||
    die "RBEES_LLAMA_PREFIX=$RBEES_LLAMA_PREFIX is no installation made by this script; unset it to build one"
  echo "$RBEES_LLAMA_PREFIX"
  exit 0
fi

cache="${RBEES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rbees}/llama"
mkdir -p "$cache"
cache="$(cd "$cache" && pwd)"

# What decides whether an earlier build still fits: flags, compiler, this machine's instructions, the source.
key() {
  {
    printf '%s\n' "${flags[@]}" "$source_tree"
    clang++-19 --version | head -n 1
    if [[ -n "$cuda_for" ]]; then echo "$cuda_for"; fi
    uname -m
    grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true
    if [[ -n "${RBEES_LLAMA_SOURCE:-}" ]]; then
      find "$RBEES_LLAMA_SOURCE" -name .git -prune -o -type f -printf '%P %s %T@\n' | sort
    fi
  } | sha256sum | cut -c 1-16
}

for tool in git cmake ninja clang++-19 ld.lld-19 flock; do
  command -v "$tool" >/dev/null || die "$tool is missing; tools/setup installs what is needed"
done
id="$version-$(key)"
prefix="$cache/$id"
work="$cache/work-$id"
if is_installation "$prefix"; then
  echo "$prefix"
  exit 0
fi

exec 9>"$cache/lock-$id"
flock --nonblock 9 || { say "another run builds it; waiting"; flock 9; }
if is_installation "$prefix"; then
  echo "$prefix"
  exit 0
fi

tree_of() { git -C "$1" rev-parse 'HEAD^{tree}' 2>/dev/null || true; }

clone_upstream() {
  timeout "$probe_seconds" git ls-remote "$upstream" "refs/tags/v$version" >/dev/null 2>&1 || return 1
  say "cloning $upstream at v$version"
  timeout "$download_seconds" git -c advice.detachedHead=false clone -q --depth 1 --branch "v$version" \
    "$upstream" "$work/source" >&2 || return 1
  [[ "$(tree_of "$work/source")" == "$source_tree" ]] && return 0
  say "the clone's content is not the pinned one (tree $(tree_of "$work/source")); passing it over"
  return 1
}

bundle_is_good() { echo "$bundle_sha256  $1" | sha256sum --check --status 2>/dev/null; }

download_bundle() {
  command -v npm >/dev/null || { say "npm is missing, so the package $package cannot be fetched"; return 1; }
  say "fetching $package (its source bundle is 35 MB)"
  local folder="$work/package" archive
  mkdir -p "$folder"
  (cd "$folder" && timeout "$download_seconds" npm pack "$package" --silent --fetch-retries=1 >/dev/null) || return 1
  archive="$(find "$folder" -maxdepth 1 -name '*.tgz')"
  local wanted
  wanted="$(echo "$package_sha512" | base64 --decode | od -An -v -tx1 | tr -d ' \n')"
  echo "$wanted  $archive" | sha512sum --check --status || { say "$package has the wrong hash"; return 1; }
  tar -xzf "$archive" -C "$folder" package/llama/gitRelease.bundle
  mv "$folder/package/llama/gitRelease.bundle" "$cache/source-$version.bundle.$$"
  mv "$cache/source-$version.bundle.$$" "$cache/source-$version.bundle"
  rm -rf "$folder"
}

clone_bundle() {
  local bundle="$cache/source-$version.bundle"
  bundle_is_good "$bundle" || download_bundle || return 1
  bundle_is_good "$bundle" || { rm -f "$bundle"; say "the source bundle has the wrong hash; removed"; return 1; }
  git -c advice.detachedHead=false clone -q "$bundle" "$work/source" >&2
  [[ "$(tree_of "$work/source")" == "$source_tree" ]]
}

get_source() {
  if [[ -n "${RBEES_LLAMA_SOURCE:-}" ]]; then
    [[ -f "$RBEES_LLAMA_SOURCE/tools/server/server-context.h" ]] ||
      die "RBEES_LLAMA_SOURCE=$RBEES_LLAMA_SOURCE holds no llama.cpp source"
    ln -sfn "$(cd "$RBEES_LLAMA_SOURCE" && pwd)" "$work/source"
    return
  fi
  if [[ "$(tree_of "$work/source")" == "$source_tree" ]]; then return; fi  # left by a run that was stopped
  local from
  local order=(clone_upstream clone_bundle)
  if bundle_is_good "$cache/source-$version.bundle"; then order=(clone_bundle); fi
  for from in "${order[@]}"; do
    rm -rf "$work/source"
    if "$from"; then return; fi
  done
  die "no source answered. Put llama.cpp v$version somewhere and set RBEES_LLAMA_SOURCE to its folder"
}

# As many compilers as there are cores, and memory for them.
jobs() {
  local free cores
  free="$(awk '/^MemAvailable/ {print $2 * 1024}' /proc/meminfo)"
  cores="$(nproc)"
  awk -v free="$free" -v each="$job_bytes" -v cores="$cores" \
    'BEGIN { n = int(free / each); if (n > cores) n = cores; print (n < 1 ? 1 : n) }'
}

# One line for each tenth of ninja's "[done/all]".
tenths() {
  awk -F '[][/]' '/^\[[0-9]+\/[0-9]+\]/ { tenth = int($2 * 10 / $3); if (tenth > last) {
    last = tenth; print "llama.cpp: " tenth * 10 " % built"; fflush() } }' >&2
}

explain_cmake() {
  if grep -q 'no GPU was detected' "$work/build.log"; then
    say "no GPU answers here; name the compute capability to build for, as RBEES_LLAMA_CUDA=86"
  fi
}

build() {
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    export CCACHE_BASEDIR="$work" CCACHE_NOHASHDIR=1  # the same objects, whatever the folder is called
  fi
  say "building v$version with $(jobs) compilers at once; about 550 CPU seconds the first time"
  cmake -S "$work/source" -B "$work/build" -G Ninja "${flags[@]}" "${launcher[@]}" >"$work/build.log" 2>&1 ||
    { tail -n 30 "$work/build.log" >&2; explain_cmake; die "cmake failed"; }
  nice ninja -C "$work/build" -j "$(jobs)" llama-server 2>&1 | tee -a "$work/build.log" | tenths ||
    { grep -n -A 12 -m 3 'FAILED:' "$work/build.log" >&2 || tail -n 30 "$work/build.log" >&2; die "the build failed"; }
}

# Static libraries and the headers that the adapter needs; llama.cpp installs and exports only a part of them.
install_to() {
  local to="$1" from="$work/source"
  rm -rf "$to"
  mkdir -p "$to/lib" "$to/bin" "$to/include"/{llama,server,mtmd,common,vendor}
  find "$work/build" -name 'lib*.a' -exec cp {} "$to/lib/" \;
  cp "$work/build/bin/llama-server" "$to/bin/"
  cp "$from"/include/*.h "$from"/ggml/include/*.h "$to/include/llama/"
  cp "$from"/tools/server/*.h "$to/include/server/"
  cp "$from"/tools/mtmd/*.h "$to/include/mtmd/"
  (cd "$from/common" && find . -name '*.h' -exec cp --parents {} "$to/include/common/" \;)
  (cd "$from/vendor" && find . \( -name '*.h' -o -name '*.hpp' \) -exec cp --parents {} "$to/include/vendor/" \;)
  cp "$from/LICENSE" "$to/LICENSE"
  {
    echo "llama.cpp v$version, tree $(tree_of "$from")"
    clang++-19 --version | head -n 1
    printf '%s\n' "${flags[@]}"
  } >"$to/RECIPE"
}

mkdir -p "$work"
get_source
build
install_to "$prefix.new"
rm -rf "$prefix"
mv "$prefix.new" "$prefix"
[[ -n "${RBEES_LLAMA_KEEP:-}" ]] || rm -rf "$work"
say "installed in $prefix"
echo "$prefix"
