import { constants } from 'node:os'

/**
 * Makes Ctrl-C and `kill` end this process in order: its `exit` listeners run. Servers and their directories do not need
 * this, because they end with the process in any case. Our own processes do, because they may be frozen.
 */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
}
