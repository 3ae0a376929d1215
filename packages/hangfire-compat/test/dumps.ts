import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** What a real .NET Hangfire left in Redis, see fixtures/README.md. */
export interface Dump {
  /** From the folder of the fixtures. */
  readonly name: string
  readonly level: '110' | '170' | '180'
  readonly types: 'simple' | 'full'
  readonly hashes: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly lists: ReadonlyMap<string, readonly string[]>
  /** Sets and the members of zsets. */
  readonly members: ReadonlyMap<string, readonly string[]>
  readonly keys: readonly string[]
}

export const PREFIX = '{hangfire}:'

const folder = join(import.meta.dirname, 'fixtures')

interface Entry {
  readonly type: string
  readonly value: unknown
}

export const dumps: readonly Dump[] = globSync('**/*.json', { cwd: folder }).toSorted().map(read)

/** What IMonitoringApi said of a dump, one object for each line. */
export function apiOf(dump: Dump): readonly Readonly<Record<string, unknown>>[] {
  const path = join(folder, dump.name.replace(/\.json$/, '.api.jsonl'))
  const lines =
    globSync(relative(folder, path), { cwd: folder }).length === 0 ? '' : readFileSync(path, 'utf8')
  return lines
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))
}

/** The hashes of a kind by what follows the prefix, such as `job:`. */
export function hashesAt(
  dump: Dump,
  pattern: RegExp,
): readonly (readonly [string, Readonly<Record<string, string>>])[] {
  return [...dump.hashes].flatMap(([key, fields]) => {
    const [, id] = pattern.exec(key.slice(PREFIX.length)) ?? []
    return id === undefined ? [] : [[id, fields] as const]
  })
}

export const JOB = /^job:([^:]+)$/
export const STATE = /^job:([^:]+):state$/
export const SERVER = /^server:(.+:[^:]{36})$/
export const RECURRING = /^recurring-job:(.+)$/

function read(name: string): Dump {
  const entries = Object.entries(
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, Entry>,
  )
  const ofType = <T>(...types: readonly string[]): Map<string, T> =>
    new Map(entries.flatMap(([key, { type, value }]) => (types.includes(type) ? [[key, value as T]] : [])))
  return {
    name,
    level: /110/.test(name) ? '110' : /170|^0[1-5]/.test(name) ? '170' : '180',
    types: /full|^07/.test(name) ? 'full' : 'simple',
    hashes: ofType('hash'),
    lists: ofType('list'),
    members: new Map([
      ...ofType<readonly string[]>('set'),
      ...Array.from(
        ofType<readonly [string, number][]>('zset'),
        ([key, value]) => [key, value.map(([member]) => member)] as const,
      ),
    ]),
    keys: entries.map(([key]) => key),
  }
}
