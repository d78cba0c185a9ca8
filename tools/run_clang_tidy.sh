#!/bin/sh
# run_clang_tidy.sh BUILD_DIR [FOLDER...] - clang-tidy over src/ (or those folders below it), with the
# checks of .clang-tidy and the flags of BUILD_DIR/compile_commands.json. Fails on any warning, and
# when a source has no entry there: a file nobody compiles is a file nobody checks.
#
#   CLANG_TIDY (clang-tidy-14)   the program      JOBS (one a processor)   how many at a time
set -eu
[ $# -ge 1 ] || {
    echo "usage: run_clang_tidy.sh BUILD_DIR [FOLDER...]" >&2
    exit 2
}
build=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
root=$(pwd)
tidy=${CLANG_TIDY:-clang-tidy-14}
jobs=${JOBS:-$(nproc)}
command -v "$tidy" >/dev/null || {
    echo "no $tidy: install clang-tidy-14, or name another with CLANG_TIDY" >&2
    exit 2
}
[ -f "$build/compile_commands.json" ] || {
    echo "no compile_commands.json in $build: configure it with cmake first" >&2
    exit 2
}
[ $# -gt 0 ] || set -- src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

find "$@" -name '*.c' -type f | sort >"$work/all"
[ -s "$work/all" ] || {
    echo "no source files in $*" >&2
    exit 2
}
missing=0
while read -r f; do
    if ! grep -q "\"file\": \"$root/$f\"" "$build/compile_commands.json"; then
        echo "$f: not in compile_commands.json" >&2
        missing=1
    fi
done <"$work/all"

# gcc's own warning flags mean nothing to clang: unknown ones are ignored, not reported
status=0
xargs -P "$jobs" -n 1 sh -c '
    "$1" --quiet -p "$2" --extra-arg=-Wno-unknown-warning-option "$4" \
        >"$3/$(echo "$4" | tr / _).out" 2>"$3/$(echo "$4" | tr / _).err" ||
        echo "$4" >>"$3/failed"' sh "$tidy" "$build" "$work" <"$work/all" || status=1

cat "$work"/*.out >"$work/report"
cat "$work/report"
warnings=$(grep -cE ': (warning|error): ' "$work/report" || true)
if [ -f "$work/failed" ] && [ "$warnings" -eq 0 ]; then
    cat "$work"/*.err >&2
fi
echo "$(wc -l <"$work/all") files, $warnings warnings"
[ "$warnings" -eq 0 ] && [ ! -f "$work/failed" ] && [ $missing -eq 0 ] && [ $status -eq 0 ]
