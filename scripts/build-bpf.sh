#!/bin/bash
# Builds the BPF objects of bpf/ for every architecture, and what TypeScript has to know of them: `npm run bpf`.
# Needs clang 14 and the headers of libbpf; the same sources give the same bytes on every machine that has these.
# With --check it builds elsewhere, compares with what is committed, and changes nothing.
set -euo pipefail

cd "$(dirname "$0")/.."
out=bpf/prebuilt
clang=${CLANG:-clang-14}
strip=${LLVM_STRIP:-llvm-strip-14}

for tool in "$clang" "$strip"; do
  if ! command -v "$tool" >/dev/null; then
    echo "bpf: $tool is not installed. Install it: apt-get install clang-14 llvm-14 libbpf-dev" >&2
    exit 1
  fi
done

if [ "${1:-}" = --check ]; then
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi

build() { # architecture as clang's headers call it, folder, program
  mkdir -p "$out/$2"
  # From inside bpf/, so that no path of this machine gets into the object.
  (cd bpf && "$clang" -g -O2 -target bpf -mcpu=v3 "-D__TARGET_ARCH_$1" -Wall -Wextra -Werror -Wno-unused-parameter \
    -fdebug-compilation-dir=. \
    -c "$3.bpf.c" -o "$(cd .. && realpath "$out")/$2/$3.bpf.o")
  "$strip" -g "$out/$2/$3.bpf.o"
}

for source in bpf/*.bpf.c; do
  program=$(basename "$source" .bpf.c)
  build x86 x86_64 "$program"
  build arm64 arm64 "$program"
done

if [ "${1:-}" = --check ]; then
  if ! diff -rq "$out" bpf/prebuilt; then
    echo 'bpf: the prebuilt objects are not those of the sources. Run npm run bpf and commit the result.' >&2
    exit 1
  fi
  node scripts/bpf-layouts.ts --check
else
  node scripts/bpf-layouts.ts
fi
