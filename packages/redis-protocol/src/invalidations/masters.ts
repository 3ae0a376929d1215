import { randomInt, randomUUID } from 'node:crypto'
import type { DedicatedConnection, DedicatedConnectionEvents, RedisClient } from '../client.ts'
import { keySlot, keyInSlot } from '../slot.ts'
import { canaryKey } from './canary.ts'

const SLOTS = 16_384

/** A server that has keys, and has to report their changes. */
export interface Master {
  /** What it has to report before it counts. Absent where no followed prefix has a key there. */
  readonly canary: string | undefined
  open(events: DedicatedConnectionEvents): Promise<DedicatedConnection>
}

/** The servers that a client knew at one moment. */
export interface Masters {
  readonly all: readonly Master[]
  /** Whether the client still knows the same ones, with the same slots. */
  areStill(): boolean
}

/**
 * All of them. A cluster's client may know a master without slots, to which it has been sent while the first one moves there:
 * that one reports nothing yet, so nothing counts until it has the slot.
 */
export function mastersNow(client: RedisClient, prefixes: readonly string[]): Masters {
  const id = randomUUID()
  const { cluster } = client
  if (cluster === undefined) {
    const canary = canaryKey(prefixes[0] ?? '', id, undefined)
    return {
      all: [{ canary, open: (events) => client.openConnection(events) }],
      areStill: () => true,
    }
  }
  const owners = Array.from({ length: SLOTS }, (_, slot) => cluster.ownerOf(slot))
  const slotsOf = new Map<string, number[]>()
  owners.forEach((owner, slot) => {
    if (owner === undefined) throw new Error('The cluster has slots without a master')
    const slots = slotsOf.get(owner)
    if (slots === undefined) slotsOf.set(owner, [slot])
    else slots.push(slot)
  })
  const all = [...slotsOf].map(([name, slots]): Master => {
    // Another one each time: the one before may be moving.
    const slot = slots[randomInt(slots.length)] as number
    const canary = prefixes
      .map((prefix) => canaryKey(prefix, id, slot) ?? canaryIn(prefix, id, name, owners))
      .find((key) => key !== undefined)
    const key = canary ?? keyInSlot(slot, '', '')
    return { canary, open: (events) => cluster.openConnectionTo(key as string, events) }
  })
  const areStill = (): boolean =>
    cluster.names().every((name) => slotsOf.has(name)) &&
    owners.every((owner, slot) => cluster.ownerOf(slot) === owner)
  if (!areStill()) throw new Error('The cluster has a master without slots')
  return { all, areStill }
}

/** Where a hash tag puts all keys of a prefix into one slot. */
function canaryIn(
  prefix: string,
  id: string,
  master: string,
  owners: readonly (string | undefined)[],
): string | undefined {
  const slot = keySlot(prefix)
  return owners[slot] === master ? canaryKey(prefix, id, slot) : undefined
}
