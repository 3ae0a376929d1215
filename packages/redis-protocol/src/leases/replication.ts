import { HoldfastError } from '@holdfast/core'
import type { Durability } from '@holdfast/core/storage'
import type { DedicatedConnection, RedisClient } from '../client.ts'
import { wholeNumber } from '../digits.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { inTime } from '../in-time.ts'
import { type RunScript, createScriptRunner } from '../script.ts'
import { keySlot } from '../slot.ts'
import { endWhenSilent } from './end-when-silent.ts'

/** How long a client may take to open a connection, in total. */
const OPEN_MS = 5_000
/** How long a server may take to answer, beyond the time for which it was asked to wait. */
const ANSWER_MS = 2_000

export interface Replication {
  /**
   * Runs `send` on a dedicated connection, has it wait for the replicas of what it wrote, and says in the reply's
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
 * `WAIT` waits for the writes of the connection that it is sent on and blocks that, so these writes get a separate connection: one,
 * or in a cluster one for each slot that is written with it. It is opened at the first such write, and anew when it
 * broke or has gone silent.
 */
export function createReplication(client: RedisClient): Replication {
  const connections = new Map<number, Promise<DedicatedConnection>>()
  /** The longest that replicas were waited for. `WAIT`s stand in line on a connection, and each ends within its time. */
  let longestMs = 0

  const slotOf = (key: string): number => (client.cluster ? keySlot(key) : 0)
  const connectionFor = (key: string): Promise<DedicatedConnection> => {
    const slot = slotOf(key)
    let connection = connections.get(slot)
    if (connection === undefined) {
      const forget = (): void => {
        if (connections.get(slot) === connection) connections.delete(slot)
      }
      const events = { message: () => {}, lost: forget }
      const opening = client.cluster?.openConnectionTo(key, events) ?? client.openConnection(events)
      connection = inTime(opening, OPEN_MS).then((open) =>
        endWhenSilent(open, () => longestMs + ANSWER_MS, forget),
      )
      connections.set(slot, connection)
      connection.catch(() => {
        forget()
        opening.then((late) => late.close()).catch(() => {})
      })
    }
    return connection
  }

  const forgetConnection = (key: string, connection: DedicatedConnection): void => {
    const slot = slotOf(key)
    connection.close()
    const kept = connections.get(slot)
    kept?.then(
      (open) => {
        if (open === connection && connections.get(slot) === kept) connections.delete(slot)
      },
      () => {}, // another one that is being opened
    )
  }

  return {
    async confirmed(key, { replicas, timeoutMs }, send) {
      longestMs = Math.max(longestMs, timeoutMs)
      const connection = await connectionFor(key).catch((error: unknown) => {
        throw asStorageError(error, 'a connection to wait for replicas')
      })
      // It may lead to a server that has been demoted since, while the client's leads to the primary: the next call
      // opens another.
      const leave = (error: unknown): never => {
        if (HoldfastError.isInstance(error) && error.code === 'STORAGE_UNAVAILABLE')
          forgetConnection(key, connection)
        throw error
      }
      const reply = await send(createScriptRunner(connection)).catch(leave)
      if (!('acknowledged' in reply)) return reply
      const count = await connection
        .send(['WAIT', String(replicas), String(timeoutMs)])
        .catch((error: unknown) => leave(asStorageError(error, 'WAIT')))
      const acknowledged = wholeNumber(count)
      if (Number.isNaN(acknowledged)) throw unexpectedReply('WAIT', count)
      return { ...reply, acknowledged }
    },
    close() {
      for (const connection of connections.values()) connection.then((open) => open.close()).catch(() => {})
      connections.clear()
    },
  }
}
