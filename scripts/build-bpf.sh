#!/bin/bash
# Builds the BPF objects of bpf/ for every architecture, and what TypeScript has to know of them: `npm run bpf`.
# Needs clang 14 and the headers of libbpf; the same sources give the same bytes on every machine that has these.
# With --check it builds elsewhere, compares with what is committed, and changes nothing.
set -euo pipefail

cd "$(dirname "$0")/.."
out=bpf/prebuilt
clang=${CLANG:-clang-14}
strip=${LLVM_STRIP:-llvm-strip-14}
# The project's own, which runs TypeScript; `npm run bpf` has it in the path already.
export PATH="$PWD/node_modules/node/bin:$PATH"

for tool in "$clang" "$strip"; do
  if ! command -v "$tool" >/dev/null; then
    echo "bpf: $tool is not installed. Install it: apt-get install clang-14 llvm-14 libbpf-dev" >&2
    exit 1
  fi
done

check=false
if [ "${1:-}" = --check ]; then
  check=true
  out=$(mktemp -d)
  trap 'rm -rf "$out"' EXIT
fi

# $1: architecture, as clang's headers call it; $2: the source; $3: the object. Compiled where the source lies, so that
# no path of this machine gets into the object.
compile() {
  mkdir -p "$(dirname "$3")"
  local object
  object=$(realpath "$3")
  (cd "$(dirname "$2")" && "$clang" -g -O2 -target bpf -mcpu=v3 "-D__TARGET_ARCH_$1" -fdebug-compilation-dir=. \
    -Wall -Wextra -Werror -Wno-unused-parameter -c "$(basename "$2")" -o "$object")
  "$strip" -g "$object"
}

# $1: a file built now; $2: the committed one.
compare() {
  cmp "$1" "$2" && return
  echo "bpf: $2 is not what its source gives. Run npm run bpf and commit the result." >&2
  exit 1
}

for source in bpf/*.bpf.c; do
  program=$(basename "$source" .bpf.c)
  compile x86 "$source" "$out/x86_64/$program.bpf.o"
  compile arm64 "$source" "$out/arm64/$program.bpf.o"
done
fixtures='packages/bpf/testdata/fixture.bpf packages/receiver-ebpf/testdata/rewrite.bpf'
if $check; then
  for object in "$out"/*/*.o; do compare "$object" "bpf/prebuilt/${object#"$out"/}"; done
  for fixture in $fixtures; do
    compile x86 "$fixture.c" "$out/fixture.o"
    compare "$out/fixture.o" "$fixture.o"
  done
  if command -v clang-format-14 >/dev/null; then
    clang-format-14 --dry-run --Werror --style=file:bpf/.clang-format bpf/*.[ch] bpf/*/*.h ${fixtures// /.c }.c
  fi
  node scripts/bpf-layouts.ts --check
else
  for fixture in $fixtures; do compile x86 "$fixture.c" "$fixture.o"; done
  node scripts/bpf-layouts.ts
fi
