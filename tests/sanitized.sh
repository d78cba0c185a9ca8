#!/bin/sh
# sanitized.sh COMMAND...: a test under the thread sanitizer. Every process that the test starts leaves
# its reports in one folder, and one report is enough: also that of a server whose end nobody looks at,
# of a child that is started anew, of a program whose standard error was thrown away.
reports=$(mktemp -d) || exit 1
trap 'rm -rf "$reports"' EXIT
TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 ${TSAN_OPTIONS:-} log_path=$reports/report"
export TSAN_OPTIONS
"$@"
code=$?
# Signals that a test wants (a reader that crashes) are reports too, but not of this kind.
for report in $(grep -ls 'WARNING: ThreadSanitizer' "$reports"/*); do
    cat "$report" >&2
    code=66
done
exit $code
