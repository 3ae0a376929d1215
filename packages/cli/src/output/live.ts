import { createLogUpdate } from 'log-update'
import { exitCodes } from '../exit.ts'
import { print } from './io.ts'

export interface Live {
  /** Aborted by Ctrl-C, and when nothing reads the output any more. */
  readonly signal: AbortSignal
  /** Shows the present state: in place of the one before on a terminal, else below it, where it differs. */
  show(text: string): Promise<void>
}

/** Shows what changes until `watch` ends or Ctrl-C is pressed, and then leaves the terminal as it was. */
export async function live(watch: (live: Live) => Promise<number>): Promise<number> {
  const ending = new AbortController()
  const interrupt = (): void => ending.abort(exitCodes.interrupted)
  const broken = (): void => ending.abort(exitCodes.fine)
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  process.stdout.on('error', broken)
  const redraw = process.stdout.isTTY ? createLogUpdate(process.stdout) : undefined
  let last: string | undefined
  try {
    const code = await watch({
      signal: ending.signal,
      async show(text) {
        if (redraw !== undefined) return redraw(text)
        if (text !== last) await print(text)
        last = text
      },
    })
    return ending.signal.aborted ? (ending.signal.reason as number) : code
  } finally {
    redraw?.done()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    process.stdout.off('error', broken)
  }
}

/** Waits so long, or until the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
