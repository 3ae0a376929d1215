import type { Command, RedisLink } from '../client.ts'

/**
 * `link`, which ends when nothing is answered on it for `patienceMs()` while something is under way: a connection into a
 * black hole looks like one whose server takes its time. What was under way rejects, and `ended` is called.
 */
export function endWhenSilent(link: RedisLink, patienceMs: () => number, ended: () => void): RedisLink {
  const underWay = new Set<(error: Error) => void>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const watch = (): void => {
    clearTimeout(timer)
    if (underWay.size === 0) return
    const ms = patienceMs()
    const end = (): void => {
      const error = new Error(`The connection was silent for ${ms} ms`)
      for (const reject of underWay) reject(error)
      underWay.clear()
      link.close()
      ended()
    }
    timer = setTimeout(end, ms).unref()
  }
  return {
    ...link,
    send: (args: Command) =>
      new Promise((resolve, reject) => {
        const heard = (): void => {
          if (underWay.delete(reject)) watch()
        }
        link.send(args).then(resolve, reject).finally(heard)
        underWay.add(reject)
        if (underWay.size === 1) watch()
      }),
    close() {
      clearTimeout(timer)
      link.close()
    },
  }
}
