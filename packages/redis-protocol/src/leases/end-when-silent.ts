import type { Command, DedicatedConnection } from '../client.ts'

/**
 * `connection`, which ends when nothing is answered on it for `patienceMs()` while something is in flight: a connection into a
 * black hole looks like one whose server takes its time. What was in flight rejects, and `ended` is called.
 */
export function endWhenSilent(
  connection: DedicatedConnection,
  patienceMs: () => number,
  ended: () => void,
): DedicatedConnection {
  const inFlight = new Set<(error: Error) => void>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const watch = (): void => {
    clearTimeout(timer)
    if (inFlight.size === 0) return
    const ms = patienceMs()
    const end = (): void => {
      const error = new Error(`The connection was silent for ${ms} ms`)
      for (const reject of inFlight) reject(error)
      inFlight.clear()
      connection.close()
      ended()
    }
    timer = setTimeout(end, ms).unref()
  }
  return {
    ...connection,
    send: (args: Command) =>
      new Promise((resolve, reject) => {
        const heard = (): void => {
          if (inFlight.delete(reject)) watch()
        }
        connection.send(args).then(resolve, reject).finally(heard)
        inFlight.add(reject)
        if (inFlight.size === 1) watch()
      }),
    close() {
      clearTimeout(timer)
      connection.close()
    },
  }
}
