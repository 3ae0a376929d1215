/** Another process holds the database while an instance ends. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'vitest'
import { aWorld } from './a-world.ts'

describe('a database that another process has locked', () => {
  it('costs the coordinator a line in the log, and not its life', async ({ expect, onTestFinished }) => {
    const { world, folder, until } = await aWorld({ onTestFinished }, { instances: 1 })
    const other = new DatabaseSync(join(folder, 'live.sqlite'))
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    expect(await world.act('kill', { instance: 'instance-1' })).toMatchObject({ ok: true })
    const { message } = await until('log', ({ level, message: text }) => {
      return level === 'error' && text.includes('database is locked')
    })
    expect(message).toBe('What instance-1 has left behind was not written down: database is locked')
    other.exec('ROLLBACK')
    expect(await world.act('start', { instance: 'instance-1' })).toMatchObject({ ok: true })
  })
  it('hides nothing of what many reviews have come to', async ({ expect, onTestFinished }) => {
    const { world, folder, until } = await aWorld({ onTestFinished }, { storage: 'memory', paceMs: 0 })
    await world.act('review-many', { ranges: ['HEAD'] })
    await until('attempt.ended')
    const other = new DatabaseSync(join(folder, 'live.sqlite'))
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    const answer = await world.act('review-many', { ranges: ['HEAD', 'HEAD~1..HEAD~0', 'nowhere'] })
    other.exec('ROLLBACK')
    expect(answer).toMatchObject({ ok: true, message: '3 reviews: 2 done already, 1 failed.' })
    expect(answer.reviews?.at(-1)).toEqual({
      range: 'nowhere',
      review: null,
      what: 'failed',
      reason: 'database is locked',
    })
  })
})
