import { setTimeout as delay } from 'node:timers/promises'
import { type Random, between } from '@holdfast/test-support/chaos'
import type { RedisNode } from '@holdfast/test-support/servers'
import type { Reader } from './readers.ts'

interface World {
  readonly node: RedisNode
  readonly readers: readonly Reader[]
  readonly random: Random
}

export const faults = {
  'links killed': async ({ node }: World) => void (await node.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')),
  'connections killed': async ({ node }: World) => void (await node.ask('CLIENT', 'KILL', 'TYPE', 'normal')),
  'a process stopped': async ({ readers, random }: World) => {
    const reader = readers[between(random, 0, readers.length - 1)]
    await reader?.stopFor(delay(between(random, 200, 2_500)))
  },
  'a link in a black hole': async ({ readers, random }: World) => {
    const reader = readers[between(random, 0, readers.length - 1)]
    reader?.network.blackHole()
    await delay(between(random, 500, 3_000))
    reader?.network.reset()
    await reader?.network.heal()
  },
  'the server frozen': async ({ node, random }: World) => {
    node.pause()
    await delay(between(random, 300, 2_500))
    node.resume()
  },
} satisfies Record<string, (world: World) => Promise<void>>

export type FaultName = keyof typeof faults
export const faultNames = Object.keys(faults) as readonly FaultName[]
