#!/bin/sh
# check_links.sh [FOLDER]: every relative link in the Markdown files leads to a file that is there.
# Prints a line a broken link; exit status 1 when there is one.
set -eu
cd "${1:-$(dirname "$0")/..}"
broken=0
for page in $(git ls-files '*.md' 2>/dev/null || find . -name '*.md' -not -path './build/*'); do
    case $page in share/* | tests/*) continue ;; esac # samples, not documents
    for target in $(grep -o '](\([^)# ]*\)' "$page" | cut -c3- | sort -u); do
        case $target in *://* | mailto:*) continue ;; esac
        if [ ! -e "$(dirname "$page")/$target" ]; then
            echo "$page: $target is not there"
            broken=1
        fi
    done
done
exit $broken
