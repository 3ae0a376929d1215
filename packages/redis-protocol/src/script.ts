import { createHash } from 'node:crypto'
import type { Argument, RedisClient } from './client.ts'
import { asStorageError, isNoScript } from './errors.ts'
import { sendSafely } from './orderly.ts'

/**
 * A Lua script of the protocol. `Keys` and `Args` are labelled tuples, so that a call names what it passes:
 *
 * ```ts
 * export const readRecord: Script<[record: string], []> = defineScript({ name, keys: 1, args: 0, source: `…` })
 * ```
 *
 * Rules that `test/scripts.test.ts` holds every script to:
 *
 * - It touches only the keys that it declares, which are all of one slot, and takes values as opaque.
 * - `KEYS` and `ARGV` are used up to exactly as many as `keys` and `args` say.
 * - It starts with a comment: what for, KEYS, ARGV, returns.
 * - It has no shebang: Redis 6.2 has none, and without one a script may write while Redis is out of memory as soon
 *   as its first write was one that frees or keeps memory (see `records/compare-and-set.ts`).
 * - It returns strings, or arrays of strings: the same in RESP2 and RESP3 and under every client's reply mapping.
 */
export interface Script<Keys extends Strings, Args extends Arguments> {
  readonly name: string
  readonly keys: Keys['length']
  readonly args: Args['length']
  readonly source: string
  /** The piece of the source whose outcome the calls of a batch may share: reading the clock. Default: none. */
  readonly once?: string
  /** How many calls may leave as one command. Default: 16. */
  readonly most?: number
  readonly sha1: string
}

export type Strings = readonly string[]
export type Arguments = readonly Argument[]

/** A script with the hash by which Redis knows it. */
export function defineScript<Keys extends Strings, Args extends Arguments>(
  definition: Omit<Script<Keys, Args>, 'sha1'>,
): Script<Keys, Args> {
  const source = definition.source.trim()
  return { ...definition, source, sha1: createHash('sha1').update(source).digest('hex') }
}

/**
 * Runs a script by its hash on the node of its first key; a node that does not know it yet (new, restarted, flushed,
 * failed over) gets the source. `decode` turns the reply into a value, or throws what {@link unexpectedReply} makes.
 * `load` counts the call until it is answered.
 */
export type RunScript = <Keys extends Strings, Args extends Arguments, T>(
  script: Script<Keys, Args>,
  keys: NoInfer<Keys>,
  args: NoInfer<Args>,
  decode: (reply: unknown) => T,
  load?: Load,
) => Promise<T>

/** How many commands wait for their reply. */
export interface Load {
  inFlight: number
}

/** Runs scripts by their hash, and sends the source to a server that does not have it yet. */
export function createScriptRunner(client: Pick<RedisClient, 'send'>): RunScript {
  return (script, keys, args, decode, load = { inFlight: 0 }) => {
    const routing = keys[0]
    load.inFlight += 1
    const command: [string, ...Argument[]] = ['EVALSHA', script.sha1, String(keys.length), ...keys, ...args]
    return sendSafely(client, command, routing).then(
      (reply) => {
        load.inFlight -= 1
        return decode(reply)
      },
      (error: unknown) => {
        load.inFlight -= 1
        if (!isNoScript(error)) throw asStorageError(error, script.name)
        return sendSafely(client, ['EVAL', script.source, ...command.slice(2)], routing).then(
          decode,
          (again: unknown) => {
            throw asStorageError(again, script.name)
          },
        )
      },
    )
  }
}
