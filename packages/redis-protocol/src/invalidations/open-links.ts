import type { DedicatedConnection, RedisClient } from '../client.ts'
import { inTime } from '../in-time.ts'
import { openLink } from './open-link.ts'
import { type Master, mastersNow } from './masters.ts'
import { LinkRefused, asLinkError } from './refusal.ts'

/** What is left of a canary that its process could not remove. */
const CANARY_MS = 1_000
const PATIENCE_MS = 5_000

/** One link to each master, all of them or none. */
export interface Links {
  readonly prefixes: readonly string[]
  /** All that changed before has been reported. */
  readonly provenAt: number
  readonly ended: boolean
  /** Asks every link, and in a cluster every master on the connection that reads: afterwards `provenAt` is the moment of this call. */
  prove(): Promise<void>
  close(): void
}

export interface LinksEvents {
  invalidated(keys: readonly string[] | null): void
  ignored(): void
  /** Once, after the links were open, and not after `close`. */
  lost(): void
}

/**
 * Opens the links, and proves each: what is written on the connection that reads is reported on it. A PONG alone would not
 * show that both lead to one server.
 */
export async function openLinks(
  client: RedisClient,
  prefixes: readonly string[],
  events: LinksEvents,
): Promise<Links> {
  const masters = mastersNow(client, prefixes)
  const connections = new Map<Master, DedicatedConnection>()
  const told = new Set<string>()
  let isOpen = false
  let ended = false
  let provenAt = 0
  const end = (): void => {
    ended = true
    for (const stop of stops) stop()
    for (const connection of connections.values()) connection.close()
  }
  const lose = (): void => {
    if (ended) return
    end()
    if (isOpen) events.lost()
  }
  // Reads may come from another server now.
  const stops = [client.connection.onChange(lose), client.onReconnected?.(lose)].filter(
    (stop) => stop !== undefined,
  )
  const checkIsWhole = (): void => {
    if (!masters.areStill()) lose()
    if (ended) throw new Error('The servers, or the connections to them, have changed')
  }
  const proveOne = async (canary: string | undefined, connection: DedicatedConnection): Promise<void> => {
    if (canary !== undefined) await write(client, canary)
    // The server reports a write before it reads on, so what is not here with the PONG does not come.
    await inTime(connection.send(['PING']), PATIENCE_MS).catch((error: unknown) => {
      throw asLinkError(error, 'PING')
    })
    if (canary === undefined || told.has(canary)) return
    checkIsWhole()
    throw new LinkRefused('TRACKING_UNPROVEN', new Error('A write was not reported on the link.'))
  }
  try {
    await Promise.all(
      masters.all.map(async (master) => {
        const { canary, open } = master
        const link = await openLink(open, prefixes, {
          message: () => events.ignored(),
          invalidated(keys) {
            if (!isOpen && canary !== undefined && keys?.includes(canary)) told.add(canary)
            events.invalidated(keys)
          },
          lost: lose,
        })
        if (ended) link.close()
        else connections.set(master, link)
      }),
    )
    checkIsWhole()
    provenAt = performance.now()
    await Promise.all([...connections].map(([{ canary }, link]) => proveOne(canary, link)))
    checkIsWhole()
  } catch (error) {
    end()
    throw error
  }
  isOpen = true
  const canaries = masters.all.map(({ canary }) => canary).filter((key) => key !== undefined)
  return {
    prefixes,
    get provenAt() {
      return provenAt
    },
    get ended() {
      return ended
    },
    async prove() {
      const at = performance.now()
      const asked = [...connections.values()].map((link) => link.send(['PING']))
      // A demoted master answers PING for ever. It sends a read on, and so the client learns.
      const read = client.cluster ? canaries.map((key) => client.send(['GET', key], key)) : []
      await Promise.all([...asked, ...read])
      checkIsWhole()
      provenAt = Math.max(provenAt, at)
    },
    close: end,
  }
}

async function write(client: RedisClient, canary: string): Promise<void> {
  const set = client.send(['SET', canary, '1', 'PX', String(CANARY_MS)], canary)
  await inTime(set, PATIENCE_MS).catch((error: unknown) => {
    throw asLinkError(error, 'SET')
  })
}
