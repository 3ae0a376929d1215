/**
 * A shell script that runs a server for as long as its own standard input is open.
 *
 * A process that gets SIGKILL can clean up nothing, but the kernel closes its pipes. So the end of input is the one
 * signal to stop, both for `stop()` and for the death of the parent, and callers need not handle exits or signals.
 *
 * Arguments: a directory to remove at the end (or an empty string), then the command with its arguments.
 * Prints `supervising <pid>` first, so that the server itself can be sent signals.
 */
export const SUPERVISE = `
dir=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{ cat <&3; kill -KILL "$server"; } >/dev/null 2>&1 &
watcher=$!
exec 3<&- </dev/null
trap '' PIPE # writing to a parent that is gone would end this script before it has cleaned up
echo "supervising $server"
exec >/dev/null 2>&1
wait "$server"
status=$?
kill "$watcher"
[ -z "$dir" ] || rm -rf "$dir"
exit "$status"
`
