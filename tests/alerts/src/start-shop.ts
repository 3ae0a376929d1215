import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order } from './shop.ts'

/** A process of `shop.ts`. */
export interface Shop extends AsyncDisposable {
  /** `host:port`, which is Prometheus' `instance`. */
  readonly instance: string
  readonly url: string
  tell(order: Order): void
  /** Sends it a signal. */
  kill(signal: NodeJS.Signals): void
}

/** Resolves when its metrics can be scraped. It ends with this process. */
export async function startShop(redisUrl: string): Promise<Shop> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'shop.ts'), [redisUrl], {
    execArgv: ['--conditions=@holdfast/source', '--no-warnings'],
  })
  const [port] = (await once(child, 'message')) as [number]
  const instance = `127.0.0.1:${port}`
  return {
    instance,
    url: `http://${instance}`,
    tell: (order) => void child.send(order),
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
