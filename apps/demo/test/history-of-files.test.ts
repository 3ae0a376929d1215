import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { openRepository } from '../src/review/git-repository.ts'
import { makeHistory } from '../src/review/history-of-files.ts'
import { temporaryFolder } from './repository.ts'

it('makes a history that a review can take its default range from, without what was installed or built', async () => {
  const path = temporaryFolder()
  await makeHistory(resolve(import.meta.dirname, '../../..'), path)

  const repository = await openRepository(path)
  const range = await repository.resolveRange()
  expect(await repository.commits(range, 10)).toHaveLength(5)
  const patch = await repository.diff(range)
  expect(patch).toContain('+++ b/apps/swap/src/main.ts')
  expect(patch).not.toMatch(/^\+\+\+ b\/.*(node_modules|dist|\.cache)\//m)
})
