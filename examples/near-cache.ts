import assert from 'node:assert/strict'
import { createHoldfast, memoryStorage } from '@holdfast/core'

const { cache, close } = createHoldfast({ storage: memoryStorage() })
const loadFlags = async (name: string): Promise<readonly string[]> => [name, 'new-checkout']

// #region open
const flags = cache.namespace('flags', { near: true, copy: false }) // this namespace alone keeps copies

const flagsOf = (tenant: string): Promise<readonly string[]> =>
  flags.getOrCreate(tenant, () => loadFlags(tenant), { ttlMs: 300_000 })
// #endregion

await flagsOf('acme')
// #region peek
const known = flags.peek<readonly string[]>('acme') // what this process keeps, at once; it sends nothing
const isOn = (known ?? (await flagsOf('acme'))).includes('new-checkout')
// #endregion
assert.ok(isOn)

// #region far
const newest = await flags.get('acme', { near: false }) // what Redis has now
// #endregion
assert.deepEqual(newest, ['acme', 'new-checkout'])

// #region stats
const { near } = flags.stats()
console.log(near?.live, near?.entries, near?.hits) // undefined where near is off
// #endregion
await close()
