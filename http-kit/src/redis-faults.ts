import { FaultProxy } from '@holdfast/testbed/proxy'
import { ask } from '@holdfast/testbed/resp'
import type { FaultyInstance, Instance } from './target.ts'

/** What the app under test has to give for the faults to be seen from its side. */
export interface ConnectedInstance extends Instance {
  /** Settles when the app has a connection to its storage. */
  connected(): Promise<void>
}

/** An app whose Redis connection goes through a proxy that fails on command. */
export async function behindFaultyRedis(
  redisUrl: string,
  start: (redisUrl: string) => Promise<ConnectedInstance>,
): Promise<FaultyInstance> {
  const { port } = new URL(redisUrl)
  const proxy = await FaultProxy.start({ target: { port: Number(port) } })
  const app = await start(proxy.url)
  await app.connected()
  return {
    url: app.url,
    async cut() {
      await proxy.refuse()
      proxy.reset()
    },
    async heal() {
      await proxy.heal()
      await app.connected()
    },
    async loseNextAnswer() {
      proxy.once(({ name }) => name === 'evalsha' || name === 'eval', 'cut-reply')
    },
    async forgetScripts() {
      await ask({ port: Number(port) }, 'SCRIPT', 'FLUSH', 'SYNC')
    },
    async close() {
      await app.close()
      await proxy.stop()
    },
  }
}
