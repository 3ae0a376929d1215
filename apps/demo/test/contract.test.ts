import { readFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../../..')

it('gives .NET the contract of its job of Hangfire', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@holdfast/source',
    resolve(ROOT, 'packages/hangfire-compat/src/cli/main.ts'),
    'contract',
    resolve(ROOT, 'apps/demo/src/hangfire/review-job.ts'),
    '--namespace',
    'AIReview.Contracts',
  ])
  expect(readFileSync(resolve(ROOT, 'apps/demo/hangfire/Contract.cs'), 'utf8')).toBe(stdout)
})
