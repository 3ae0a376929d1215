import { FaultProxy } from '@holdfast/test-support/proxy'
import { ask } from '@holdfast/test-support/resp'
import type { FaultyInstance, Instance } from './target.ts'

/** An app whose Redis connection goes through a proxy that fails on command. `start` resolves with a connected app. */
export async function behindFaultyRedis(
  redisUrl: string,
  start: (redisUrl: string) => Promise<Instance>,
): Promise<FaultyInstance> {
  const { port } = new URL(redisUrl)
  const proxy = await FaultProxy.start({ target: { port: Number(port) } })
  const app = await start(proxy.url)
  return {
    url: app.url,
    async cut() {
      await proxy.refuse()
      proxy.reset()
    },
    heal: () => proxy.heal(),
    loseReply(nth) {
      let left = nth
      const fault = proxy.once(({ name }) => !UPKEEP.has(name) && (left -= 1) === 0, 'cut-reply')
      return () => fault.remove()
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

/** Commands that clients send to keep a connection or to listen on it, and not for a request. */
const UPKEEP: ReadonlySet<string> = new Set(
  'auth client cluster command echo hello info ping psubscribe quit readonly script select ssubscribe subscribe unsubscribe'.split(
    ' ',
  ),
)

/** Overwrites the strings under these names with text that no library wrote, and keeps their expiry. */
export async function spoilStrings(redisUrl: string, pattern = '*'): Promise<void> {
  const at = { port: Number(new URL(redisUrl).port) }
  for (const key of (await ask(at, 'KEYS', pattern)) as string[]) {
    if ((await ask(at, 'TYPE', key)) === 'string') await ask(at, 'SET', key, '{', 'KEEPTTL')
  }
}
