import type { ValueStorage } from '@holdfast/core/storage'
import type { Argument } from '../client.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import type { RunScript } from '../script.ts'
import { replaceValues } from './replace-many.ts'
import { reserveValues } from './reserve-many.ts'
import { argument } from './stored.ts'

type ManyValues = Required<Pick<ValueStorage, 'reserveMany' | 'replaceMany'>>

/** What one command does for many keys of a single server. `run` sends each script by itself. */
export function manyValues(run: RunScript, keys: Keys): ManyValues {
  return {
    reserveMany: (those, mark, ttlMs) =>
      run(
        reserveValues,
        those.map((key) => keys.value(key)),
        [mark, String(ttlMs)],
        (reply) => decodeReserved(those.length, reply),
      ),
    replaceMany(expected, replacements) {
      const args: [string, ...Argument[]] = [expected]
      for (const { value, ttlMs } of replacements) args.push(argument(value), String(ttlMs))
      return run(
        replaceValues,
        replacements.map(({ key }) => keys.value(key)),
        args,
        (reply) => decodeReplaced(replacements.length, reply),
      )
    },
  }
}

/** @throws StorageRefusedError when it is no reply of this script */
function decodeReserved(count: number, reply: unknown): (string | Error)[] {
  if (!Array.isArray(reply) || reply.length % 2 !== 1) throw unexpectedReply('a reservation of values', reply)
  const [placeholder, ...others] = reply as readonly unknown[]
  const own = outcome(placeholder, reserveValues.name)
  const shown = Array.from<string | Error>({ length: count }).fill(own)
  for (let at = 0; at < others.length; at += 2) {
    const number = Number(others[at])
    if (!Number.isInteger(number) || number < 1 || number > count)
      throw unexpectedReply('a reservation of values', reply)
    shown[number - 1] = outcome(others[at + 1], reserveValues.name)
  }
  return shown
}

function decodeReplaced(count: number, reply: unknown): (boolean | Error)[] {
  if (reply === '1') return Array.from<boolean>({ length: count }).fill(true)
  if (!Array.isArray(reply) || reply.length !== count) throw unexpectedReply('a comparison of values', reply)
  return reply.map((each) => {
    const done = outcome(each, replaceValues.name)
    if (done instanceof Error) return done
    return done === '1' || done === '0' ? done === '1' : unexpectedReply(replaceValues.name, each)
  })
}

/** What became of one key. Its error is the answer of that key alone: a throw would leave the placeholders of the others. */
function outcome(reply: unknown, script: string): string | Error {
  if (reply instanceof Error) return asStorageError(reply, script)
  return typeof reply === 'string' ? reply : unexpectedReply(script, reply)
}
