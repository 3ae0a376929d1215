import type { StorageVersion } from './storages.ts'

/** A .NET application as it may be configured, and the client that Node meets it with. */
export interface WorldKind {
  readonly storage: StorageVersion
  /** Of the data. */
  readonly level: 110 | 170 | 180
  /** How it writes the names of types. */
  readonly types: 'simple' | 'full'
  readonly client: 'ioredis' | 'redis'
  /** Default: that of Hangfire. */
  readonly prefix?: string
  /** Whether it writes a change of a job in one step. Default: true. */
  readonly transactions?: boolean
}

const newest = { storage: '1.12.0', level: 180, types: 'simple', client: 'ioredis' } as const
const oldest = { storage: '1.9.4', level: 180, types: 'full', client: 'redis' } as const

/** One of each storage, for what takes long. */
export const twoWorlds: readonly WorldKind[] = [newest, oldest]

/** Every level and both ways to write types, on both storages. */
export const allWorlds: readonly WorldKind[] = [
  newest,
  { storage: '1.12.0', level: 170, types: 'full', client: 'redis' },
  { storage: '1.12.0', level: 110, types: 'full', client: 'ioredis' },
  oldest,
  { storage: '1.9.4', level: 170, types: 'simple', client: 'ioredis' },
  { storage: '1.9.4', level: 110, types: 'simple', client: 'redis' },
]

/** What else a .NET application may have configured, on both storages. */
export const otherWorlds: readonly WorldKind[] = [
  { ...newest, transactions: false },
  { ...oldest, transactions: false },
  { ...newest, client: 'redis', prefix: '{acme}:jobs:' },
  { ...oldest, client: 'ioredis', prefix: '{acme}:jobs:' },
]

export function nameOf({ storage, level, types, client, prefix, transactions = true }: WorldKind): string {
  const others = [...(transactions ? [] : ['no transactions']), ...(prefix === undefined ? [] : [prefix])]
  return [`storage ${storage}`, `level ${level}`, `${types} names`, client, ...others].join(', ')
}
