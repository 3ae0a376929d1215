import { createHoldfast, memoryStorage } from '@holdfast/core'
import { expect, it } from 'vitest'
import { listText } from '../../src/commands/jobs/job-text.ts'

it.each([
  ['No codec.', 'No codec.'],
  ['No codec.\n', 'No codec.'],
  ['No codec.\nat line 7', 'No codec. …'],
  [`${'word '.repeat(11)}cutoff`, `${'word '.repeat(11).trimEnd()} cuto…`],
])('a list shows that it leaves out the rest of an error: %j', async (message, shown) => {
  await using holdfast = createHoldfast({ storage: memoryStorage() })
  const { idempotency } = holdfast
  await expect(idempotency.run('video', 'a', () => Promise.reject(new Error(message)))).rejects.toThrow()
  const { executions } = await idempotency.list('video')
  const [, row = ''] = listText(executions, Date.now()).split('\n')
  expect(row.slice(-shown.length - 2)).toBe(`  ${shown}`)
})
