/** The generations of Hangfire.Redis.StackExchange that are served, each with a client that it takes. */
export const storages = {
  '1.12.0': { stackExchangeRedis: '2.13.17' },
  '1.9.4': { stackExchangeRedis: '2.8.16' },
} as const

export type StorageVersion = keyof typeof storages

export const storageVersions = Object.keys(storages) as StorageVersion[]
