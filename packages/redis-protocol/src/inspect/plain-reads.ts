import type { Command, RedisClient } from '../client.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { inspectLease } from '../leases/inspect.ts'
import { STATE_PATTERN } from '../leases/state.ts'
import { sendSafely } from '../orderly.ts'
import { indexPage } from '../records/index-page.ts'
import { readRecord } from '../records/read.ts'
import { isMark } from '../records/format.ts'
import type { RunScript } from '../script.ts'

type Send = (command: Command, key: string) => Promise<unknown>
/** The reply that the script would have given. */
type PlainRead = (send: Send, keys: readonly string[], args: readonly unknown[]) => Promise<unknown>

const PLAIN: Readonly<Record<string, PlainRead>> = {
  [readRecord.name]: plainRecord,
  [indexPage.name]: plainIndexPage,
  [inspectLease.name]: plainLease,
}

/** As {@link STATE_PATTERN}, which is one of Lua. */
const STATE = new RegExp(STATE_PATTERN.replaceAll('%d', '\\d'))

/** How often an index that changes while it is read is read again. */
const TRIES = 5

/**
 * Runs scripts as `run` does, but what only reads goes as plain commands: for a user who may read, and run no scripts. The
 * commands of one reading are not one step, so what is shown may be of two moments that lie a millisecond apart.
 */
export function withPlainReads(client: RedisClient, run: RunScript): RunScript {
  const send: Send = (command, key) => sendSafely(client, command, key)
  return async (script, keys, args, decode, load) => {
    const read = PLAIN[script.name]
    if (read === undefined) return await run(script, keys, args, decode, load)
    let reply: unknown
    try {
      reply = await read(send, keys, args)
    } catch (error) {
      throw asStorageError(error, script.name)
    }
    return decode(reply)
  }
}

async function plainRecord(send: Send, [record = '']: readonly string[]): Promise<string> {
  const [found, now] = await Promise.all([send(['GET', record], record), micros(send, record)])
  const text = textOrNull('GET', found)
  return text === null || isMark(text) ? `A${now}` : `R${now}${text}`
}

async function plainLease(send: Send, [state = '', queue = '']: readonly string[]): Promise<string> {
  const [found, tokens, waiting, now] = await Promise.all([
    send(['GET', state], state),
    send(['ZRANGE', queue, '0', '99'], queue),
    send(['ZCARD', queue], queue),
    micros(send, state),
  ])
  const text = textOrNull('GET', found) ?? '000000000000000000001#'
  if (!STATE.test(text)) return `U${now}${state}`
  const names = Array.isArray(tokens) ? (tokens as unknown[]) : []
  const line = names.map((token) => `${String(token)}|`).join('')
  return `I${now}${text.slice(0, 16)}${String(waiting)} ${text.slice(21, text.indexOf('#', 21) + 1)}${line}`
}

async function plainIndexPage(
  send: Send,
  [index = '']: readonly string[],
  [asked, limit]: readonly unknown[],
): Promise<readonly string[]> {
  const goneNow = async (): Promise<number> => Number((await send(['LINDEX', index, '0'], index)) ?? '0')
  let gone = await goneNow()
  for (let tries = 1; ; tries += 1) {
    const place = Math.max(Number(asked), gone)
    const from = place - gone + 1
    const [entries, length, after, now] = await Promise.all([
      send(['LRANGE', index, String(from), String(from + Number(limit) - 1)], index),
      send(['LLEN', index], index),
      goneNow(),
      micros(send, index),
    ])
    if (!Array.isArray(entries)) throw unexpectedReply('LRANGE', entries)
    // Entries went from the front meanwhile: what was read begins elsewhere.
    if (after === gone || tries === TRIES)
      return [
        now,
        String(place),
        Number(length) > from + entries.length ? '1' : '0',
        ...(entries as string[]),
      ]
    gone = after
  }
}

/** The clock of the server, 16 digits; this machine's, where the user may not ask for it. */
async function micros(send: Send, key: string): Promise<string> {
  try {
    const [seconds, rest] = (await send(['TIME'], key)) as [string, string]
    return `${seconds}${String(rest).padStart(6, '0')}`
  } catch (error) {
    if (asStorageError(error, 'TIME').code !== 'STORAGE_REFUSED') throw error
    return `${Date.now()}000`
  }
}

function textOrNull(doing: string, reply: unknown): string | null {
  if (reply === null || typeof reply === 'string') return reply
  throw unexpectedReply(doing, reply)
}
