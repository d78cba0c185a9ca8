#!/usr/bin/env bash
# demo/run.sh: the whole journey in a terminal, with the network taken away.
#
#   a folder of files -> sotto add -> questions -> every citation compared byte for byte -> doctor
#     -> the briefing of the folder, every source of which is there
#     -> a spoken question answered aloud: files in, files out, and our own ears read the answer back
#
# Everything runs in a network name space that has nothing but its own loopback (unshare -n). It ends
# with a status other than 0 when an answer is wrong, a citation does not match or a check fails.
# DEMO_PACE=0 leaves out the pauses.
set -euo pipefail
cd "$(dirname "$0")/.."

# Takes the network away, as whom it may: root, a user in a name space of their own, or through sudo.
case ${DEMO_NETWORK:-} in
  '')
    self=$PWD/demo/run.sh
    export DEMO_USER=
    for how in "unshare -n" "unshare -rn" "sudo -n unshare -n"; do
      $how true 2>/dev/null || continue
      [[ $how != sudo* ]] || DEMO_USER=$(id -un)
      exec $how env DEMO_NETWORK=new DEMO_USER="$DEMO_USER" SOTTO_MODELS="${SOTTO_MODELS:-}" \
        TERM="${TERM:-dumb}" LANG="${LANG:-C.UTF-8}" "$self"
    done
    echo "NOTE: this machine does not allow network name spaces (unshare -n), so the network stays."
    DEMO_NETWORK=kept ;;
  new) # the loopback of a new name space is down
    python3 - <<'PY'
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    request = struct.pack("16sh", b"lo", 0)
    flags = struct.unpack("16sh", fcntl.ioctl(s, 0x8913, request))[1]
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", flags | 1))
PY
    export DEMO_NETWORK=gone
    [ -z "$DEMO_USER" ] || exec sudo -n -u "$DEMO_USER" env DEMO_NETWORK=gone \
      SOTTO_MODELS="$SOTTO_MODELS" SOTTO_BIN="${SOTTO_BIN:-}" TERM="$TERM" LANG="$LANG" demo/run.sh ;;
esac

pace=${DEMO_PACE:-$([ -t 1 ] && echo 1.2 || echo 0)}
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1;34m' dim=$'\e[2m' off=$'\e[0m'; else bold= dim= off=; fi
chapter() { printf '\n%s== %s%s\n' "$bold" "$*" "$off"; sleep "$pace"; }
remark() { printf '%s%s%s\n' "$dim" "$*" "$off"; }
run() { # shows the command as a person would type it, then runs it
  local word line=
  for word in "$@"; do [[ $word == *[\ \?]* ]] && word="\"$word\""; line+=" $word"; done
  printf '%s$%s%s\n' "$dim" "${line//$work/\~}" "$off"
  "$@"
  sleep "$pace"
}

work=$(mktemp -d)
server=
finish() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
export SOTTO_DATA=$work/data SOTTO_MODELS=${SOTTO_MODELS:-$PWD/models} XDG_CONFIG_HOME=$work/config
export SOTTO_LISTEN=127.0.0.1:0
# The sample is from these days: what is due in it is due now.
export SOTTO_NOW=2026-11-24T08:00:00Z SOTTO_ZONE=Europe/Berlin
unset SOTTO_CONFIG SOTTO_MODELS_URL
program=${SOTTO_BIN:-bin/sotto} # another build's, for the tests
sotto() { "$program" "$@"; }

chapter "The network"
if [ "$DEMO_NETWORK" = gone ]; then
  devices=$(sed -n 's/^ *\([^:]*\):.*/\1/p' /proc/net/dev | xargs)
  echo "network devices here: $devices"
  [ "$devices" = lo ]
  if (exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null; then echo "the network is still there"; exit 1; fi
  echo "a connection to the outside fails, as it should"
  ending=", with no network"
else
  echo "is still there; nothing below uses it"
  ending=
fi

chapter "A folder of files"
cp -r share/sample "$work/Documents"
(cd "$work/Documents" && find . -type f -printf '%8s bytes  %P\n' | sort -k 3)

chapter "The server starts"
"$program" serve >"$work/serve.out" 2>"$work/serve.err" &
server=$!
for _ in $(seq 100); do grep -q '^listening on' "$work/serve.out" && break; sleep 0.05; done
cat "$work/serve.out"; grep -q '^listening on' "$work/serve.out"

chapter "Read the folder"
run sotto add "$work/Documents"
remark "a second time nothing is stored twice:"
run sotto add "$work/Documents"

chapter "Ask"
asked=0
while IFS='|' read -r question file words; do
  [ -n "$question" ] && [ "${question:0:1}" != "#" ] || continue
  question=${question% } file=${file# } file=${file% } words=${words# }
  printf '\n'
  run sotto search --limit 1 "$question"
  sotto search --limit 3 --json "$question" >"$work/found.json"
  python3 demo/prove.py "$work/found.json" "$program" "$file" "$words"
  asked=$((asked + 1))
done <demo/questions.txt
[ "$asked" -ge 5 ]

chapter "Without the server"
kill "$server"; wait "$server"; server=
remark "the server has stopped; the same command opens the data itself"
run sotto search --limit 1 "$(sed -n 's/^\([^#|][^|]*\) |.*/\1/p' demo/questions.txt | head -n 1)"

chapter "What was read, and is all well?"
run sotto ledger
run sotto doctor
[ "$(sotto doctor --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["ok"])')" = True ]

chapter "The morning page"
export SOTTO_NOW=2026-11-24T08:15:00Z
run sotto task "call the plumber today at 16:00"
run sotto brief
sotto brief --json >"$work/briefing.json"
python3 demo/brief.py "$work/briefing.json" "$program"
[ "$(sotto brief --json)" = "$(cat "$work/briefing.json")" ]
chapter "Say it aloud"
aloud() { # question, words that our own ears must hear in the answer
  run sotto say "$1" -o "$work/question.wav"
  run sotto ask --audio "$work/question.wav" -o "$work/answer.wav"
  run sotto transcribe "$work/answer.wav" >"$work/heard.txt"
  cat "$work/heard.txt"
  tr '[:upper:]\n' '[:lower:] ' <"$work/heard.txt" | grep -q -- "$2" ||
    { echo "\"$2\" was not heard in the answer"; exit 1; }
  printf '    proof: in the %s bytes of the answer our own ears hear "%s"\n\n' \
    "$(wc -c <"$work/answer.wav")" "$2"
}
if ! sotto say --list | grep -q piper || ! ls "$SOTTO_MODELS"/whisper-*.sotto >/dev/null 2>&1; then
  echo "the models of speech are not here; ./setup demo gets them, once, with a network"
  exit 1
fi
remark "the question is a sound file, and so is the answer; nothing is typed"
aloud "Until when can we cancel the hotel in Lisbon?" "february"
aloud "What does the dishwasher warranty cover?" "three years"
aloud "Remind me to call the plumber tomorrow at nine." "plumber"
run sotto voice list
[ "$(sotto voice list | wc -l)" = 3 ]
printf '\n%severy question answered, every citation proven%s%s\n' "$bold" "$ending" "$off"
