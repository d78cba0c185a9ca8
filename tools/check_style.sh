#!/bin/sh
# check_style.sh [FOLDER] - the style that a script can check, so that people need not:
#
#   - at most 100 columns; no tabs, no carriage returns, no white space at a line's end; a newline
#     at the end of the file
#   - at most 600 lines a file (see long_files below)
#   - no function that cannot be used safely (strcpy, sprintf, atoi, ...), anywhere
#   - in src/: the heap only through base/mem.h, so that the torture tests reach every allocation
#   - in src/, outside src/app and src/main.c: no exit() and no printing; an error goes up, and the
#     top decides
#   - in src/: a header begins with a comment that says what it does, and has its guard SOTTO_...
#     (a *_impl.h has none: it is included more than once on purpose)
#
# Comments and string literals are not searched for functions. Tables made by a program say "do not
# edit" in their first five lines and may be of any length and width. FOLDER is the repository,
# otherwise found from this script's place. Exit status: 0 when clean, 1 with a line a fault.
#
#   check_style.sh --self-test    shows that each rule can say no
set -eu
LC_ALL=C
export LC_ALL

# Files that may be longer than 600 lines, each with its reason. Empty is best.
#   path:lines
long_files='
'

check() { # check FILE...: one awk run over all of them
    awk -v long_files="$long_files" '
    function fault(text) { printf "%s:%d: %s\n", FILENAME, FNR, text; faults++ }

    # Width in characters: bytes that only continue a UTF-8 character do not count.
    function width(line) { gsub(/[\200-\277]/, "", line); return length(line) }

    # The line without comments and with empty literals; in_comment goes on to the next line.
    function code_of(line,    out, i, c, two, quote) {
        out = ""
        for (i = 1; i <= length(line); i++) {
            c = substr(line, i, 1); two = substr(line, i, 2)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; i++ }
            } else if (quote != "") {
                if (c == "\\") i++
                else if (c == quote) quote = ""
            } else if (two == "/*") { in_comment = 1; i++; out = out " "
            } else if (two == "//") { break
            } else if (c == "\"" || c == "\047") { quote = c; out = out c c
            } else out = out c
        }
        return out
    }

    # Calls NAME( of a list "a b c", not as part of another word or as a member.
    function calls(code, list, why,    n, names, i) {
        n = split(list, names, " ")
        for (i = 1; i <= n; i++)
            if (index(code, names[i]) &&
                code ~ ("(^|[^A-Za-z0-9_.>])" names[i] "[ ]*[(]"))
                fault(names[i] "(): " why)
    }

    function end_of_file() {
        if (file == "") return
        if (!generated && lines > 600 && lines > allowed[file])
            printf "%s: %d lines, 600 at most: split it\n", file, lines
        if (!generated && lines > 600 && lines > allowed[file]) faults++
        if (in_src && file ~ /\.h$/ && file !~ /_impl\.h$/ && !guard && !generated) {
            printf "%s: no include guard SOTTO_...\n", file; faults++
        }
    }

    BEGIN {
        n = split(long_files, rows, /[ \n]+/)
        for (i = 1; i <= n; i++)
            if (split(rows[i], pair, ":") == 2) allowed[pair[1]] = pair[2] + 0
        unsafe = "strcpy strcat strncat stpcpy sprintf vsprintf gets strtok atoi atol atoll atof " \
                 "alloca mktemp tmpnam tempnam asctime ctime gmtime localtime strerror system popen"
        heap = "malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf " \
               "posix_memalign aligned_alloc memalign getline getdelim"
        output = "exit abort printf fprintf vprintf vfprintf dprintf puts fputs putchar putc fputc " \
                 "fwrite perror"
    }

    FNR == 1 {
        end_of_file()
        file = FILENAME
        lines = generated = in_comment = guard = 0
        in_src = file ~ /^src\//
        in_app = file ~ /^src\/(app\/|main\.c$)/
        if (in_src && $0 !~ /^\/\*/ && file ~ /\.h$/) fault("a header begins by saying what it does")
    }
    { lines++ }
    FNR <= 5 && /do not edit/ { generated = 1 }
    generated { next }
    width($0) > 100 { fault(width($0) " columns, 100 at most") }
    /\t/ { fault("a tab") }
    /[ \t\r]$/ { fault("white space at the end") }
    /^#ifndef SOTTO_/ || /^#pragma once/ { guard = 1 }
    {
        code = code_of($0)
        if (code !~ /[(]/) next
        calls(code, unsafe, "banned: see the list in tools/check_style.sh")
        if (in_src && file != "src/base/mem.c" && file != "src/base/first_use.c")
            calls(code, heap, "use base/mem.h")
        if (in_src && !in_app)
            calls(code, output, "no ending the process and no printing below src/app")
    }
    END { end_of_file(); exit faults > 0 }
    ' "$@"
}

# The last byte of each file is a newline.
check_ends() {
    bad=0
    for f in "$@"; do
        if [ -s "$f" ] && [ -n "$(tail -c 1 "$f")" ]; then
            echo "$f: no newline at the end"
            bad=1
        fi
    done
    return $bad
}

expect() { # expect WANT PATH: the text on standard input, as file PATH, gives a line with WANT
    mkdir -p "$(dirname "$2")"
    cat >"$2"
    got=$( (check "$2"; check_ends "$2") 2>&1 || true)
    rm -f "$2"
    if [ -z "$1" ] && [ -n "$got" ]; then
        echo "self-test: expected nothing, got: $got"
        exit 1
    fi
    case "$got" in
    *"$1"*) ;;
    *)
        echo "self-test: expected '$1', got: '$got'"
        exit 1
        ;;
    esac
    echo >>.ran # a pipe runs this in a process of its own: no variable would come back
}

self_test() {
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    cd "$dir"
    hundred=$(printf '%100s' '' | tr ' ' x)
    printf '%s\n' "$hundred" | expect '' src/base/a.c
    printf '%sx\n' "$hundred" | expect '101 columns' src/base/a.c
    printf '%s\303\251\n' "${hundred%x}" | expect '' src/base/a.c
    printf 'a\tb\n' | expect 'a tab' src/base/a.c
    printf 'a \n' | expect 'white space' src/base/a.c
    printf 'a\r\n' | expect 'white space' src/base/a.c
    printf 'a' | expect 'no newline' src/base/a.c
    yes 'int x;' | head -600 | expect '' src/base/a.c
    yes 'int x;' | head -601 | expect '601 lines' src/base/a.c
    (echo '/* do not edit */'; yes 'int x;' | head -700) | expect '' src/base/a.c
    printf 'strcpy(a, b);\n' | expect 'strcpy()' tests/a.c
    printf '  x = atoi (b);\n' | expect 'atoi()' src/app/a.c
    printf '/* strcpy(a, b) */\n/* one\n atoi(x)\n*/\n// gets(x)\n' | expect '' src/base/a.c
    printf 'log("sprintf(%%d) \\" gets(x)", 1);\nc = \047"\047; y = "system(1)";\n' |
        expect '' src/base/a.c
    printf '/* a */ gets(x); /* b */\n' | expect 'gets()' src/base/a.c
    printf 'my_sprintf(x); snprintf(y); p->free(q); o.malloc(1);\n' | expect '' src/base/a.c
    printf 'free(p);\n' | expect 'free(): use base/mem.h' src/net/a.c
    printf 'free(p);\n' | expect '' src/base/mem.c
    printf 'free(p);\n' | expect '' tests/unit/a.c
    printf 'printf("x");\n' | expect 'printf()' src/net/a.c
    printf 'printf("x");\n' | expect '' src/app/a.c
    printf 'exit(1);\n' | expect 'exit()' src/api/a.c
    printf '_exit(1);\n' | expect '' src/ingest/a.c
    printf 'int x;\n' | expect 'no include guard' src/base/a.h
    printf 'int x;\n' | expect 'a header begins' src/base/a.h
    printf '/* a.h - x */\n#ifndef SOTTO_BASE_A_H\n#define SOTTO_BASE_A_H\n#endif\n' |
        expect '' src/base/a.h
    echo "self-test: $(wc -l <.ran) cases"
}

if [ "${1:-}" = --self-test ]; then
    self_test
    exit 0
fi
cd "${1:-$(dirname "$0")/..}"
set -- $(find src tests -name '*.[ch]' -type f | sort)
if [ $# -lt 20 ]; then
    echo "check_style.sh: only $# source files here: is this the repository?" >&2
    exit 1
fi
status=0
check "$@" || status=1
check_ends "$@" || status=1
[ $status -eq 0 ] && echo "$# files, no fault"
exit $status
