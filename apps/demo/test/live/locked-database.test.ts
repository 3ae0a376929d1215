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
})
