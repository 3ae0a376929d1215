import assert from 'node:assert/strict'
import { until } from '@holdfast/test-support/servers'
import { everything, failure } from './cases/values.ts'
import type { Peer } from './peer-process.ts'
import type { Inside } from './peer/jobs.ts'
import type { Order } from './peer/http.ts'

/** For what a dead process is to have lost when its data is met: see {@link MET_AFTER_MS}. */
const SHORT_LEASE = { leaseMs: 2_000 }
/** The process that meets the data comes so much later. */
export const MET_AFTER_MS = 10_000

const PLAIN = { name: 'remains' }
const COMPRESSED = { name: 'compressed', compresses: true }
const ORDERS: Readonly<Record<string, Order>> = {
  text: { status: 201, headers: { location: '/orders/1' }, text: '{"ü":1}' },
  bytes: { status: 200, headers: { 'content-type': 'image/png' }, bytes: 'AP/+/QoN' },
}

/** Has a version store all that it can, by a process that stays and by others that are killed in the midst of it. */
export async function leaveBehind(peer: Peer, another: () => Promise<Peer>): Promise<void> {
  const [dying, closing] = await Promise.all([another(), another()])
  const begin = async (on: Peer, key: string, leaseMs?: number): Promise<void> => {
    const body = { progress: [40, 'halfway'], checkpoint: everything, holds: true } as const
    on.call('run', 'job', key, body, leaseMs === undefined ? {} : { leaseMs }).catch(() => {})
    await on.heard('inside', key)
  }
  await peer.call('run', 'job', 'with input', { result: 1 }, { fingerprint: { cart: [1, 'two'] } })
  await peer.call('run', 'job', 'completed', { progress: [60, 'more'], result: everything })
  await assert.rejects(peer.call('run', 'job', 'failed', { checkpoint: everything, fails: failure }))
  await begin(closing, 'released')
  await closing.call('close')
  await begin(dying, 'stalled', SHORT_LEASE.leaseMs)
  await begin(dying, 'executing', 600_000)
  assert.equal(await peer.call('cancel', 'job', 'executing', 'no longer wanted'), true)

  for (const lock of ['free', 'held', 'stalled']) {
    await peer.call('acquire', lock, lock)
    await peer.call('release', lock)
  }
  await dying.call('acquire', 'held', 'held', { leaseMs: 600_000 })
  dying.call('acquire', 'waiting', 'held').catch(() => {})
  await until('it waits', async () => (await peer.call('inspect', 'held')).waiting === 1)
  await dying.call('acquire', 'stalled', 'stalled', SHORT_LEASE)
  await dying.call('acquire', 'permit 1', 'permits', { leaseMs: 600_000 }, 2)
  await dying.call('acquire', 'permit 2', 'permits', SHORT_LEASE, 2)

  for (const space of [PLAIN, COMPRESSED]) {
    await peer.call('set', space, 'plain', everything)
    await peer.call('set', space, 'tagged', everything, { tags: ['a', 'ü,=;%'], staleMs: 600_000 })
    await peer.call('set', space, 'expired', everything, { staleMs: 600_000 })
    await peer.call('expire', space, 'expired')
    await peer.call('getOrCreate', space, 'loaded', { value: everything }, { earlyRefresh: true })
    await peer.call('hashSet', space, 'hash', { everything, a: 1 })
    await peer.call('increment', space, 'counter', 3, 2)
  }
  await peer.call('readDefined', PLAIN, 7, everything)
  dying.call('getOrCreate', PLAIN, 'loading', { value: 1, holds: true }).catch(() => {})
  await dying.heard('loading', 'loading')

  const port = await peer.call('listen')
  for (const [key, order] of Object.entries(ORDERS)) await post(port, key, order)
  await dying.kill()
}

/** What another version makes of it. */
export async function meetRemains(peer: Peer): Promise<void> {
  await meetJobs(peer)
  await meetLocks(peer)
  for (const space of [PLAIN, COMPRESSED]) {
    for (const key of ['plain', 'tagged', 'loaded']) {
      assert.deepEqual(await peer.call('get', space, key), everything, key)
    }
    assert.equal(await peer.call('get', space, 'expired'), undefined)
    assert.equal(await peer.call('getOrCreate', space, 'expired', { value: 'anew' }), 'anew')
    await peer.call('invalidateTags', space, ['a'])
    assert.equal(await peer.call('get', space, 'tagged'), undefined)
    assert.deepEqual(await peer.call('hashGetAll', space, 'hash'), { everything, a: 1 })
    assert.deepEqual(await peer.call('increment', space, 'counter', 1, 1), [7])
  }
  assert.deepEqual(await peer.call('readDefined', PLAIN, 7, 'once more'), everything)
  assert.equal(await peer.call('getOrCreate', PLAIN, 'loading', { value: 'taken over' }), 'taken over')
  await peer.call('clear', PLAIN)
  assert.equal(await peer.call('get', PLAIN, 'plain'), undefined)

  const port = await peer.call('listen')
  for (const [key, order] of Object.entries(ORDERS)) {
    const answer = await post(port, key, order)
    assert.deepEqual([answer.status, answer.headers.get('idempotent-replayed')], [order.status, 'true'])
    const sent = Buffer.from(order.bytes ?? order.text ?? '', order.bytes === undefined ? 'utf8' : 'base64')
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), sent)
    assert.equal(peer.count('handling', key), 0)
  }
}

async function meetJobs(peer: Peer): Promise<void> {
  const { keys } = await peer.call('list', 'job')
  assert.deepEqual(keys.toSorted(), ['completed', 'executing', 'failed', 'released', 'stalled', 'with input'])
  assert.deepEqual(await peer.call('run', 'job', 'completed', {}), { status: 'replayed', result: everything })
  const input = { fingerprint: { cart: [1, 'two'] } }
  assert.equal((await peer.call('run', 'job', 'with input', {}, input)).status, 'replayed')
  const other = { fingerprint: { cart: [2] } }
  await assert.rejects(peer.call('run', 'job', 'with input', {}, other), { code: 'FINGERPRINT_MISMATCH' })
  await assert.rejects(peer.call('run', 'job', 'failed', {}, { onFailed: 'replay' }), { code: failure.code })
  const executing = await peer.call('status', 'job', 'executing')
  assert.deepEqual(
    [executing?.status, executing?.stalled, executing?.progressPercentage, executing?.progressMessage],
    ['executing', false, 40, 'halfway'],
  )
  assert.deepEqual([executing?.checkpoint, executing?.cancelRequested], [everything, 'no longer wanted'])
  await assert.rejects(peer.call('run', 'job', 'executing', {}), { code: 'EXECUTION_IN_PROGRESS' })
  for (const [key, attempt] of [
    ['failed', 2],
    ['released', 1],
    ['stalled', 2],
  ] as const) {
    const before = await peer.call('status', 'job', key)
    assert.deepEqual(await peer.call('run', 'job', key, { result: key }), { status: 'executed', result: key })
    const inside = await peer.heard<Inside>('inside', key)
    assert.deepEqual([inside.attempt, inside.checkpoint], [attempt, everything], key)
    assert.ok(inside.fencingToken > (before?.fencingToken ?? 0), key)
  }
}

async function meetLocks(peer: Peer): Promise<void> {
  const held = await peer.call('inspect', 'held')
  const [holder] = held.holders
  assert.deepEqual([held.holders.length, held.waiting, holder?.claimed], [1, 1, true])
  assert.equal(await peer.call('tryAcquire', 'again', 'held'), null)
  assert.equal(await peer.call('revoke', 'held'), 1)
  // The waiter is dead: it is passed over.
  assert.ok(((await peer.call('tryAcquire', 'held', 'held')) ?? 0) > (holder?.fencingToken ?? 0))
  for (const lock of ['free', 'stalled']) {
    const [last] = (await peer.call('inspect', lock)).holders
    assert.ok(((await peer.call('tryAcquire', lock, lock)) ?? 0) > (last?.fencingToken ?? 0), lock)
  }
  assert.ok((await peer.call('acquire', 'permit', 'permits', { waitMs: 0 }, 2)) > 0)
  const { holders } = await peer.call('inspect', 'permits', 2)
  assert.equal(holders.length, 2)
  await assert.rejects(peer.call('acquire', 'one more', 'permits', { waitMs: 0 }, 2), {
    code: 'LOCK_TIMEOUT',
  })
}

async function post(port: number, key: string, order: Order): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST',
    headers: { 'idempotency-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
}
