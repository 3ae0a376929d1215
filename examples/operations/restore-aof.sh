#!/bin/sh
# Makes a copy of an append-only file the data of a server that is stopped. Run it as the user of that server.
# restore-aof.sh <copied directory> <data directory>
set -eu
copy=$1
dir=$2
redis-check-aof "$copy/appendonly.aof.manifest"
if [ -e "$dir/appendonlydir" ]; then mv "$dir/appendonlydir" "$dir/appendonlydir.before-restore"; fi
cp -R "$copy" "$dir/appendonlydir"
