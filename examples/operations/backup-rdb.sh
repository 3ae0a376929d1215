#!/bin/sh
# Writes a snapshot of a running server into a file, from any machine.
# backup-rdb.sh <file> [options of redis-cli, such as -h and -p]
set -eu
file=$1
shift
redis-cli "$@" --rdb "$file.part"
redis-check-rdb "$file.part"
mv "$file.part" "$file"
