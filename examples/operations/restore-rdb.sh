#!/bin/sh
# Makes a snapshot the data of a server that is stopped. Run it as the user of that server.
# restore-rdb.sh <file> <data directory>
set -eu
file=$1
dir=$2
socket=$dir/restore.sock
ask() { redis-cli -s "$socket" "$@"; }

redis-check-rdb "$file"
# A server with `appendonly yes` does not read dump.rdb. So one that only this script can reach reads the
# snapshot, and writes the append-only file that the server will start from.
if [ -e "$dir/appendonlydir" ]; then mv "$dir/appendonlydir" "$dir/appendonlydir.before-restore"; fi
cp "$file" "$dir/dump.rdb"
redis-server --port 0 --unixsocket "$socket" --dir "$dir" --save '' --appendonly no --daemonize yes
until ask ping | grep -q PONG; do sleep 0.1; done
ask config set appendonly yes
while ask info persistence | grep -qE '^aof_rewrite_(in_progress|scheduled):1'; do sleep 0.1; done
ask info persistence | grep '^aof_last_bgrewrite_status:ok'
ask shutdown nosave
while [ -e "$socket" ]; do sleep 0.1; done
