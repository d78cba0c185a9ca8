#!/usr/bin/env bash
# tools/fresh_check.sh [FOLDER]: does a newcomer's first hour work? Makes a bare Debian 12 in FOLDER
# (kept for the next time; build/fresh unless said otherwise), with git and make and nothing else,
# clones this repository's HEAD into it and runs `make run` and `make test` there as an ordinary user
# with sudo. Needs root and the Debian package debootstrap. Package sources and proxies are this
# machine's own. FRESH_STEPS="run test demo" chooses what is run; "setup" is
# what `make test` installs, without the tests.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-$top/build/fresh}
steps=${FRESH_STEPS:-run test demo}
[ "$(id -u)" -eq 0 ] || { echo "fresh_check: run me as root" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "fresh_check: apt-get install debootstrap" >&2; exit 2; }

# The first Debian source of this machine: its suite's mirror serves the new root too.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
base=$root/base
if [ ! -e "$base/.done" ]; then
  rm -rf "$base"; mkdir -p "$base"
  debootstrap --variant=minbase --include=git,make,sudo,ca-certificates bookworm "$base" "$mirror"
  touch "$base/.done"
fi
work=$root/work
cleanup() {
  for m in proc dev/pts dev sys; do mountpoint -q "$work/$m" && umount -l "$work/$m"; done
  return 0
}
trap cleanup EXIT
cleanup
rm -rf "$work"; cp -a "$base" "$work"

# What a machine's owner has set up once: package sources, proxies, certificates, pip's settings.
cp -a /etc/apt/sources.list* "$work/etc/apt/" 2>/dev/null || true
cp -a /etc/apt/apt.conf.d/. "$work/etc/apt/apt.conf.d/" 2>/dev/null || true
cp -aL /etc/resolv.conf /etc/hosts "$work/etc/" 2>/dev/null || true
cp -a /etc/pip.conf "$work/etc/" 2>/dev/null || true
mkdir -p "$work/usr/local/share/ca-certificates"
cp -a /usr/local/share/ca-certificates/. "$work/usr/local/share/ca-certificates/" 2>/dev/null || true
cp -aL /etc/ssl/certs/ca-certificates.crt "$work/etc/ssl/certs/ca-certificates.crt"
for f in ${FRESH_COPY:-}; do mkdir -p "$work$(dirname "$f")"; cp -a "$f" "$work$f"; done
mount -t proc proc "$work/proc"
mount --rbind /dev "$work/dev"
mount -t sysfs sysfs "$work/sys" 2>/dev/null || true

in_root() { chroot "$work" /usr/bin/env -i HOME=/home/ada USER=ada LANG=C.UTF-8 TERM="${TERM:-dumb}" \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  $(env | grep -iE '^(https?_proxy|no_proxy|pip_[a-z_]*|ssl_cert_file|requests_ca_bundle)=' || true) "$@"; }
in_root useradd -m -s /bin/bash ada
echo 'Defaults env_keep += "http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY"
ada ALL=(ALL) NOPASSWD: ALL' >"$work/etc/sudoers.d/ada"
git clone -q --no-hardlinks "$top" "$work/home/ada/sotto"
in_root chown -R ada:ada /home/ada/sotto
as_ada() { in_root sudo -E -H -u ada bash -c "set -e; cd ~/sotto
$1"; }

# `make run` serves until it is stopped: asked for its health, then told to end.
step_run() {
  as_ada 'make run >run.log 2>&1 &
    for i in $(seq 1 900); do
      if grep -q "^listening on" run.log 2>/dev/null; then break; fi
      kill -0 $! || { cat run.log; exit 1; }
      sleep 1
    done
    cat run.log; exec 3<>/dev/tcp/127.0.0.1/8080
    printf "GET /health HTTP/1.0\r\nHost: 127.0.0.1:8080\r\n\r\n" >&3; head -n 1 <&3 | grep " 200 "
    kill $!; wait'
}
for step in $steps; do
  echo "=== make $step, first time ==="
  start=$SECONDS
  case $step in
    run) step_run ;;
    setup) as_ada "./setup test" ;;
    *) as_ada "make $step" ;;
  esac
  echo "=== make $step: $((SECONDS - start)) s ==="
done
if [[ " $steps " == *" run "* ]]; then
  echo "=== set-up, second time ==="
  start=$SECONDS
  as_ada "./setup run"
  echo "=== $((SECONDS - start)) s ==="
fi
