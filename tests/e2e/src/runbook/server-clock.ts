import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type RedisServerBinary, findRedisServer } from '@holdfast/test-support/redis'
import { temporaryDirectory } from '@holdfast/test-support/servers'

/** A Redis with a clock that a test sets: the rest of the machine keeps its clock. */
export interface ServerClock extends AsyncDisposable {
  readonly binary: RedisServerBinary
  /** By whole seconds, from now on. */
  goAhead(seconds: number): void
}

/** What the server asks instead of the C library. It allocates nothing: the server's allocator asks it while it starts. */
const SOURCE = `
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long ahead(void) {
  char text[16];
  int file = open(getenv("SECONDS_AHEAD_IN"), O_RDONLY);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return 0;
  text[length] = 0;
  return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && clock == CLOCK_REALTIME) now->tv_sec += ahead();
  return failed;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now) *now = exact.tv_sec;
  return exact.tv_sec;
}
`

/** Undefined where there is no C compiler to make it with. */
export async function serverClock(): Promise<ServerClock | undefined> {
  const { path, env } = await findRedisServer()
  const directory = temporaryDirectory()
  const [source, library, ahead] = [
    join(directory.path, 'clock.c'),
    join(directory.path, 'clock.so'),
    join(directory.path, 'ahead'),
  ]
  writeFileSync(source, SOURCE)
  writeFileSync(ahead, '0')
  try {
    await promisify(execFile)('cc', ['-shared', '-fPIC', '-O2', '-w', '-o', library, source])
  } catch (error) {
    await directory.remove()
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
  return {
    binary: { path, env: { ...env, LD_PRELOAD: library, SECONDS_AHEAD_IN: ahead } },
    goAhead: (seconds) => writeFileSync(ahead, String(seconds)),
    [Symbol.asyncDispose]: () => directory.remove(),
  }
}
