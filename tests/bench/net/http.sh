#!/bin/sh
# http.sh BENCH_HTTP [ROUNDS] - requests a second of processor time: our server with a JSON answer made
# for every request, beside nginx with a static file of the same size (one worker, no access log),
# alternating in one run. Needs wrk and nginx-light.
#
# The load generator shares the machine, so requests a second say little; processor time of the server
# (user and system, from /proc) is what is compared.
set -eu
bench=$1
rounds=${2:-5}
dir=$(mktemp -d)
ours=
trap 'kill $ours 2>/dev/null || true; nginx -p "$dir" -c "$dir/n.conf" -s stop 2>/dev/null || true; rm -rf "$dir"' EXIT

mkdir "$dir/www"
printf '{"id":"0192f0c1-7c3e-7000-8000-000000000001","title":"call the bank","chunks":42,"done":false}' \
    >"$dir/www/json"
chmod -R a+rX "$dir"
cat >"$dir/n.conf" <<CONF
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 1024; }
http {
  access_log off; server_tokens off; keepalive_requests 100000000; tcp_nodelay on; sendfile on;
  open_file_cache max=100; default_type application/json;
  server { listen 127.0.0.1:18181; root $dir/www; }
}
CONF
nginx -p "$dir" -c "$dir/n.conf"
"$bench" 18182 600 >/dev/null &
ours=$!
sleep 1
theirs=$(pgrep -P "$(cat "$dir/nginx.pid")")

ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }

# load NAME PID PORT CONNECTIONS
load() {
    before=$(ticks "$2")
    requests=$(wrk -t1 -c"$4" -d3s "http://127.0.0.1:$3/json" | awk '/requests in/ {print $1}')
    after=$(ticks "$2")
    awk -v n="$1" -v c="$4" -v r="$requests" -v t=$((after - before)) \
        'BEGIN { printf "%-6s %3d connections: %8d requests, %.2f s of processor, %7.0f a second of it\n",
                 n, c, r, t / 100, r / (t / 100) }'
}

for connections in 16 64 256; do
    i=0
    while [ $i -lt "$rounds" ]; do
        load nginx "$theirs" 18181 $connections
        load sotto "$ours" 18182 $connections
        i=$((i + 1))
    done
done
