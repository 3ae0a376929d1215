import { type Hangfire, type HangfireOptions, createHangfire } from '@holdfast/hangfire-compat'

/** Hangfire in Node that finds out how the .NET application writes, when it first writes. */
export interface HangfireWriter {
  /** Calls it again where the prefix does not show how .NET writes; nothing was written then. */
  write<T>(how: (hangfire: Hangfire) => Promise<T>): Promise<T>
  readonly monitor: Hangfire['monitor']
  close(): Promise<void>
}

/** As the data shows. What that leaves open: as Hangfire 1.8 recommends, which every .NET application reads. */
const DIALECTS: readonly Pick<HangfireOptions, 'dates' | 'typeNames'>[] = [
  {},
  { typeNames: 'simple' },
  { typeNames: 'simple', dates: 'ms' },
]

/** @param client makes one over the same connection, which stays open */
export function hangfireWriter(client: () => HangfireOptions['client'], prefix: string): HangfireWriter {
  const open = (index: number): Hangfire => createHangfire({ client: client(), prefix, ...DIALECTS[index] })
  let [index, hangfire] = [0, open(0)]
  return {
    async write(how) {
      for (;;) {
        const tried = index
        try {
          return await how(hangfire)
        } catch (error) {
          if ((error as { readonly code?: unknown }).code !== 'HANGFIRE_DIALECT_UNKNOWN') throw error
          if (tried !== index) continue
          if (index === DIALECTS.length - 1) throw error
          const before = hangfire
          hangfire = open((index += 1))
          await before.close()
        }
      }
    },
    get monitor() {
      return hangfire.monitor
    },
    close: () => hangfire.close(),
  }
}
