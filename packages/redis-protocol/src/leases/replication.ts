import { HoldfastError } from '@holdfast/core'
import type { Durability } from '@holdfast/core/storage'
import type { RedisClient, RedisLink } from '../client.ts'
import { wholeNumber } from '../digits.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { inTime } from '../in-time.ts'
import { type RunScript, createScriptRunner } from '../script.ts'
import { keySlot } from '../slot.ts'
import { endWhenSilent } from './end-when-silent.ts'

/** How long a client may take to open a connection, whatever it waits for. */
const OPEN_MS = 5_000
/** How long a server may take to answer, beyond the time for which it was asked to wait. */
const ANSWER_MS = 2_000

export interface Replication {
  /**
   * Runs `send` on a connection of our own, has it wait for the replicas of what it wrote, and says in the reply's
   * `acknowledged`, if it has one, how many confirmed.
   */
  confirmed<R extends object>(
    key: string,
    durability: Durability,
    send: (run: RunScript) => Promise<R>,
  ): Promise<R>
  close(): void
}

/**
 * `WAIT` waits for the writes of its own connection and blocks it, so these writes get a connection of their own: one,
 * or in a cluster one for each slot that is written with it. It is opened at the first such write, and anew when it
 * broke or has gone silent.
 */
export function createReplication(client: RedisClient): Replication {
  const links = new Map<number, Promise<RedisLink>>()
  /** The longest that replicas were waited for. `WAIT`s stand in line on a connection, and each ends within its time. */
  let longestMs = 0

  const slotOf = (key: string): number => (client.cluster ? keySlot(key) : 0)
  const linkOf = (key: string): Promise<RedisLink> => {
    const slot = slotOf(key)
    let link = links.get(slot)
    if (link === undefined) {
      const forget = (): void => {
        if (links.get(slot) === link) links.delete(slot)
      }
      const opening = client.openLink({ message: () => {}, lost: forget }, key)
      link = inTime(opening, OPEN_MS).then((open) => endWhenSilent(open, () => longestMs + ANSWER_MS, forget))
      links.set(slot, link)
      link.catch(() => {
        forget()
        opening.then((late) => late.close()).catch(() => {})
      })
    }
    return link
  }

  const forgetLink = (key: string, link: RedisLink): void => {
    const slot = slotOf(key)
    link.close()
    const kept = links.get(slot)
    kept?.then(
      (open) => {
        if (open === link && links.get(slot) === kept) links.delete(slot)
      },
      () => {}, // another one that is being opened
    )
  }

  return {
    async confirmed(key, { replicas, timeoutMs }, send) {
      longestMs = Math.max(longestMs, timeoutMs)
      const link = await linkOf(key).catch((error: unknown) => {
        throw asStorageError(error, 'a connection to wait for replicas')
      })
      // It may lead to a server that has been demoted since, while the client's leads to the primary: the next call
      // opens another.
      const leave = (error: unknown): never => {
        if (HoldfastError.isInstance(error) && error.code === 'STORAGE_UNAVAILABLE') forgetLink(key, link)
        throw error
      }
      const reply = await send(createScriptRunner(link)).catch(leave)
      if (!('acknowledged' in reply)) return reply
      const count = await link
        .send(['WAIT', String(replicas), String(timeoutMs)])
        .catch((error: unknown) => leave(asStorageError(error, 'WAIT')))
      const acknowledged = wholeNumber(count)
      if (Number.isNaN(acknowledged)) throw unexpectedReply('WAIT', count)
      return { ...reply, acknowledged }
    },
    close() {
      for (const link of links.values()) link.then((open) => open.close()).catch(() => {})
      links.clear()
    },
  }
}
