import type { Lease } from '@holdfast/core'
import { until } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addReader, openShop } from '../shop.ts'

const shop = await openShop()
const { locks } = shop.holdfast
let report: Lease
const waiters: Promise<unknown>[] = []
const stop = new AbortController()

beforeAll(async () => {
  await addReader(shop)
  report = await locks.acquire('report', { leaseMs: 600_000 })
  waiters.push(locks.acquire('report', { waitMs: 600_000, signal: stop.signal }).catch(() => undefined))
  await until('another waits', async () => (await locks.inspect('report')).waiting === 1)
  await locks.semaphore('gpu', { permits: 2 }).acquire({ leaseMs: 600_000 })
  await shop.admin.set('{holdfast:l:shop:lock:evil\u001b[2J}:s', 'of another program')
  await shop.admin.set('{holdfast:l:shop:lock:newer}:s', 'v2 of what is held')
})
afterAll(async () => {
  stop.abort()
  await Promise.all(waiters)
  await shop[Symbol.asyncDispose]()
})

describe('holdfast locks', () => {
  it('list shows who holds what, and commands no terminal', async () => {
    const { code, out, err } = await shop.run('locks', 'list')
    expect(code, err).toBe(0)
    expect(out).toMatch(/^NAME +KIND +HOLDER +HELD FOR +LEASE LEFT +WAITING\n/)
    expect(out).toMatch(/^report +lock +web-1:77 +\d+ m?s +\d+ min \d\d s +1$/m)
    expect(out).toMatch(/^gpu +semaphore +web-1:77 /m)
    expect(err).toMatch(/^2 locks held or waited for; looked at all \d+ keys\n/)
    expect(err).toMatch(/\n2 locks of another version .*: evil\\x1b\[2J, newer\.\n$/)
    expect(out + err).not.toContain('\u001b')
  })

  it('list prints JSON', async () => {
    const { out } = await shop.run('locks', 'list', '--json', '--limit', '1')
    expect(JSON.parse(out)).toMatchObject({
      schema: 1,
      command: 'locks list',
      locks: [{ kind: 'lock', name: 'report', waiting: 1, holders: [{ owner: 'web-1:77' }] }],
      total: 2,
      unreadable: ['evil\u001b[2J', 'newer'],
      keys: expect.any(Number),
    })
  })

  it('show reads without scripts, as a user who may only read', async () => {
    const { code, out } = await shop.runAs('reader', 'locks', 'show', 'report')
    expect(code).toBe(0)
    expect(out).toMatch(/^report \(lock\): held by 1, 1 waiting\n\nholder +web-1:77\n/)
    expect(out).toContain(`\ntoken          ${report.token}\n`)
    expect(out).toContain(`\nfencing token  ${report.fencingToken}\n`)
    expect(out).toMatch(/\nwaiting\n {2}1\. web-1:77 /)
  })

  it('show names what there is instead', async () => {
    const free = await shop.run('locks', 'show', 'nothing')
    expect([free.code, free.err]).toEqual([
      1,
      'holdfast: nothing has no holder and no waiter. holdfast locks list shows those that are held.\n',
    ])
    const newer = await shop.run('locks', 'show', 'newer')
    expect([newer.code, newer.out]).toEqual([1, ''])
    expect(newer.err).toMatch(
      /^holdfast: [^\n]* a newer version of Holdfast, or another program, has written [^\n]*\n$/,
    )
    const wrong = await shop.run('locks', 'show', 'report', '--prefix', 'shpo')
    expect(wrong.code).toBe(1)
    expect(wrong.err).toMatch(
      /No key of Holdfast has the prefix shpo \(--prefix\)\. Prefixes that have: shop; looked at all \d+ keys\.\n$/,
    )
  })

  it('revoke asks for --yes without a terminal, and says what a reader may not do', async () => {
    const unasked = await shop.run('locks', 'revoke', 'report')
    expect(unasked.code).toBe(2)
    expect(unasked.err).toMatch(/^holdfast: This changes .* --yes\.\n$/)
    const reader = await shop.runAs('reader', 'locks', 'revoke', 'report', '--yes')
    expect(reader.code).toBe(3)
    expect(reader.err).toMatch(
      /^holdfast: This user of Redis may not do that \(NOPERM .*\)\. holdfast acl .*\n$/,
    )
    const other = await shop.run('locks', 'revoke', 'report', '--token', 'none', '--yes')
    expect([other.code, other.err]).toEqual([
      1,
      'holdfast: No holder of report has this token. Nothing was changed.\n',
    ])
    expect((await locks.inspect('report')).holders.map(({ token }) => token)).toEqual([report.token])
  })

  it('revoke takes it away, and the next in line gets it', async () => {
    const { code, out } = await shop.run('locks', 'revoke', 'report', '--yes')
    expect([code, out]).toEqual([0, 'report was taken away from 1 holder: web-1:77.\n'])
    expect(report.signal.aborted).toBe(true)
    await Promise.all(waiters)
    const { holders, waiting } = await locks.inspect('report')
    expect([holders.length, waiting]).toEqual([1, 0])
    expect(holders[0]?.token).not.toBe(report.token)
    const gpu = await shop.run('locks', 'revoke', 'gpu', '--yes', '--json')
    expect(JSON.parse(gpu.out)).toMatchObject({ kind: 'semaphore', revoked: [expect.any(String)] })
  })
})
