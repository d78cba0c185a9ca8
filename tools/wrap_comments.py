#!/usr/bin/env python3
"""Wraps the comments of C files that have a line of more than 100 columns.

    tools/wrap_comments.py FILE...

Only the paragraph with the long line changes: lines that begin with " * " and then text. What is
indented further (formulas, tables, layouts) stays as it is. Long lines of code are listed, for a
person to break. See tools/check_style.sh.
"""
import re
import sys
import textwrap

WIDTH = 100


def is_opening(line):
    return line.lstrip().startswith("/*")


def paragraph(lines, i):
    """The first and last line of the comment paragraph that line i is in."""
    first = i
    while not is_opening(lines[first]) and re.match(r"^\s*(/\*|\*) \S", lines[first - 1]):
        first -= 1
    last = i
    while not lines[last].rstrip().endswith("*/") and re.match(r"^\s*\* \S", lines[last + 1]):
        last += 1
    return first, last


def wrap(lines, first, last):
    indent = re.match(r"^\s*", lines[first]).group(0)
    opens, closes = is_opening(lines[first]), lines[last].rstrip().endswith("*/")
    base = indent if opens else indent[:-1]
    text = " ".join(re.sub(r"^\s*(/\*|\*) ", "", line).strip() for line in lines[first:last + 1])
    if closes:
        text = text[:-2].rstrip() + "\0*/"  # the end stays on the last word's line
    out = textwrap.wrap(text, width=WIDTH, initial_indent=base + ("/* " if opens else " * "),
                        subsequent_indent=base + " * ", break_long_words=False,
                        break_on_hyphens=False)
    return [line.replace("\0", " ") for line in out]


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        before, i = list(lines), 0
        while i < len(lines):
            if len(lines[i]) > WIDTH:
                if re.match(r"^\s*(/\*|\*) \S", lines[i]):
                    first, last = paragraph(lines, i)
                    wrapped = wrap(lines, first, last)
                    lines[first:last + 1] = wrapped
                    i = first + len(wrapped) - 1
                else:
                    print(f"{path}:{i + 1}: {len(lines[i])} columns of code")
            i += 1
        if lines != before:
            with open(path, "w", encoding="utf-8") as f:
                f.write("\n".join(lines))


main()
