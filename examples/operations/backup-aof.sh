#!/bin/sh
# Copies the append-only file of a running server, on the machine of that server. Redis 7 or newer.
# backup-aof.sh <new directory> [options of redis-cli, such as -p]
set -eu
target=$1
shift
dir=$(redis-cli "$@" config get dir | tail -n 1)
name=$(redis-cli "$@" config get appenddirname | tail -n 1)
percentage=$(redis-cli "$@" config get auto-aof-rewrite-percentage | tail -n 1)
# A rewrite would exchange the files while they are copied.
trap 'redis-cli "$@" config set auto-aof-rewrite-percentage "$percentage"' EXIT
redis-cli "$@" config set auto-aof-rewrite-percentage 0
while redis-cli "$@" info persistence | grep -qE '^aof_rewrite_(in_progress|scheduled):1'; do sleep 0.1; done
cp -R "$dir/$name" "$target"
