import assert from 'node:assert/strict'
import { deserialize, serialize } from 'node:v8'
import { compressedCodec, createHoldfast, jsonCodec, memoryStorage } from '@holdfast/core'

const { cache, close } = createHoldfast({ storage: memoryStorage() })

// #region compressed
const pages = cache.namespace('pages', { codec: compressedCodec(jsonCodec, { overBytes: 2_048 }) })
await pages.set('home', '<p>long</p>'.repeat(1_000)) // takes a hundredth of that in Redis
// #endregion
assert.equal((await pages.get<string>('home'))?.length, 11_000)

// #region own
const binary = cache.namespace('binary', {
  codec: {
    name: 'v8', // an entry of another name counts as missing: no codec reads what another one wrote
    bytes: true,
    encode: (value) => serialize(value),
    decode: (data) => deserialize(data as Uint8Array) as unknown,
  },
})
await binary.set('points', new Float64Array([1, 2]))
// #endregion
assert.deepEqual(await binary.get('points'), new Float64Array([1, 2]))

await close()
