import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { defineHangfireJob } from '../../src/index.ts'
import { documentedRights } from '../documented-rights.ts'
import { openHangfire } from './open-hangfire.ts'

const mail = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send' })

it('a user with the documented rights creates and changes jobs', async () => {
  await using server = await startRedis()
  const admin = new Redis(server.url)
  // What ioredis asks for when it connects.
  await admin.call('ACL', 'SETUSER', 'jobs', ...documentedRights('jobs'), '+info')
  const url = server.url.replace('redis://', 'redis://jobs:secret@')
  const prefix = '{hangfire}:'
  await using open = await openHangfire('ioredis', url, { prefix, mode: 'own', dates: undefined })
  const { jobs } = open.hangfire
  const parent = await jobs.enqueue(mail, [])
  const child = await jobs.continueWith(parent, mail, [], { on: 'deleted' })
  const later = await jobs.schedule(mail, [], { delayMs: 60_000 })
  for (const id of [parent, child, later]) expect(await jobs.delete(id)).toBe(true)
  for (const id of [parent, child, later]) expect(await jobs.requeue(id)).toBe(true)
  expect(await admin.hget(`${prefix}job:${later}`, 'State')).toBe('Enqueued')
  const log = (await admin.call('ACL', 'LOG')) as unknown[]
  expect(log).toEqual([])
  admin.disconnect()
})
