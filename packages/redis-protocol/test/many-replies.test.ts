import { expect, it } from 'vitest'
import { createKeys } from '../src/keys.ts'
import { manyValues } from '../src/values/many.ts'

const keys = ['a', 'b', 'c']
const placeholder = `L${'m'.repeat(22)}.${'1'.repeat(16)};`

/** What comes of a reply of the server. */
const answered = (reply: unknown) =>
  manyValues((_script, _keys, _args, decode) => Promise.resolve(reply).then(decode), createKeys('app'))

it('what is wrong with one key is the answer of that key alone', async () => {
  const passing = new Error('READONLY You cannot write against a read only replica.')
  const reserved = await answered([placeholder, '1', passing, '3', Buffer.from('x')]).reserveMany(
    keys,
    'L',
    1,
  )
  expect(reserved).toEqual([
    expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }),
    placeholder,
    expect.objectContaining({ code: 'STORAGE_REFUSED' }),
  ])
  const replacements = keys.map((key) => ({ key, value: '', ttlMs: 1 }))
  const replaced = await answered(['1', passing, 7]).replaceMany(placeholder, replacements)
  expect(replaced).toEqual([
    true,
    expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }),
    expect.objectContaining({ code: 'STORAGE_REFUSED' }),
  ])
})

it.for([[undefined], ['OK'], [[placeholder, '1']], [[placeholder, '4', 'x']], [[placeholder, '0', 'x']]])(
  'a reply of no script of ours is refused: %j',
  async ([reply]) => {
    await expect(answered(reply).reserveMany(keys, 'L', 1)).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
  },
)
