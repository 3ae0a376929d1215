import { constants } from 'node:os'

/**
 * Has Ctrl-C and `kill` end this process in order: what listens to its `exit` is run. Servers and their directories need
 * none of it, for they go with the process however it ends; processes of ours that may be frozen do.
 */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
}
