/** What `cache.ts` asks of a cache, and what is stored. */
export type Load = () => unknown

export interface CacheContender {
  getOrCreate(key: string, load: Load): Promise<unknown>
  get?(key: string): Promise<unknown>
  set?(key: string, value: unknown): Promise<unknown>
  /** The same as `getOrCreate` for an entry with a tag. */
  tagged?(key: string, tag: string, load: Load): Promise<unknown>
  /** The same for an entry that is fresh for {@link FRESH_MS}, and stale for long after that. */
  getOrRefresh?(key: string, load: Load): Promise<unknown>
  /** How many values there are. */
  getMany?(keys: readonly string[]): Promise<number>
  getOrCreateMany?(keys: readonly string[], value: unknown): Promise<unknown>
  removeByPattern?(glob: string): Promise<unknown>
}

export const TTL_MS = 300_000
export const FRESH_MS = 1_000
export const STALE_MS = 60_000

/** As many are stored: 740 bytes of JSON. */
export const VALUE = {
  id: 4_711,
  name: 'A product as shops have many',
  price: { amount: 19.99, currency: 'EUR', discounts: [5, 10, 15] },
  inStock: true,
  tags: ['garden', 'summer', 'new'],
  variants: [1, 2, 3, 4].map((id) => ({ id, sku: `SKU-${1_000 + id}`, size: id * 10, colour: 'green' })),
  description: '',
}
VALUE.description = 'x'.repeat(740 - JSON.stringify(VALUE).length)
