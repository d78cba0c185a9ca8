#!/bin/sh
# Makes the PDF files of share/sample and of tests/data/documents from their sources, which are text.
set -e
cd "$(dirname "$0")/.."
for source in tools/sample/*/*.txt; do
    name=${source#tools/sample/}
    mkdir -p "share/sample/$(dirname "$name")"
    python3 tools/make_pdf.py "$source" "share/sample/${name%.txt}.pdf"
done
