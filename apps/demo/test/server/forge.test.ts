/** A forge's webhook: forged, late and repeated deliveries, and what becomes of those that count. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { sign } from '@octokit/webhooks-methods'
import { type TestContext, describe, it } from 'vitest'
import { createPageServer } from '../../src/server/page-server.ts'
import { createToken } from '../../src/server/token.ts'
import { openStore } from '../../src/store/store.ts'
import { aWorld } from '../live/a-world.ts'
import { createRepository } from '../repository.ts'

const SECRET = 'the-secret-of-the-forge'
const ZERO = '0'.repeat(40)

interface Delivery {
  readonly id?: string
  readonly event?: string
  readonly secret?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function forge({ onTestFinished }: Pick<TestContext, 'onTestFinished'>, patienceMs = 600_000) {
  const repository = createRepository(onTestFinished)
  const [first = '', second = '', third = ''] = ['a', 'b', 'c'].map((name) =>
    repository.commit({ [`${name}.js`]: 'debugger\n' }, `Add ${name}`),
  )
  const webhook = { secret: SECRET, repository: 'acme/shop', patienceMs }
  const observed = await aWorld(
    { onTestFinished },
    { storage: 'memory', paceMs: 0, repo: repository.path, webhook },
  )
  const server = await createPageServer({ world: observed.world, token: createToken('t'.repeat(16)) })
  onTestFinished(() => server.close())
  const port = await server.listen('127.0.0.1', 0)
  const deliver = async (payload: object, delivery: Delivery = {}) => {
    const { id = randomUUID(), event = 'push', secret = SECRET, headers = {} } = delivery
    const body = JSON.stringify(payload)
    const response = await fetch(`http://127.0.0.1:${port}/webhooks/forge`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': id,
        'x-hub-signature-256': await sign(secret, body),
        ...headers,
      },
      body,
    })
    const answer = (await response.json()) as {
      readonly message?: string
      readonly review?: string
      readonly code?: string
    }
    return { status: response.status, isReplayed: response.headers.has('idempotent-replayed'), ...answer }
  }
  return { ...observed, repository, deliver, first, second, third }
}

const push = (before: string, after: string, at = Date.now()) => ({
  ref: 'refs/heads/main',
  before,
  after,
  repository: { full_name: 'acme/shop', pushed_at: Math.floor(at / 1_000) },
})

describe('a delivery of the forge', () => {
  it('starts a review of what was pushed, once, however often it is delivered', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, all, until, first, second, third } = await forge({ onTestFinished })
    const id = randomUUID()
    const payload = push(first, third)
    // A forged one uses no id up.
    expect(await deliver(payload, { id, secret: 'another-secret-altogether' })).toMatchObject({ status: 401 })
    expect(await deliver(payload, { id, headers: { 'x-hub-signature-256': '' } })).toMatchObject({
      status: 401,
    })
    const accepted = await deliver(payload, { id })
    expect(accepted).toMatchObject({ status: 202, message: 'The review is started.', isReplayed: false })
    expect(await deliver(payload, { id })).toEqual({ ...accepted, isReplayed: true })
    expect(await deliver(push(second, third), { id })).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
    const done = await until('review', ({ state }) => state === 'HumanReview')
    expect(done).toMatchObject({ id: accepted.review, title: 'Add c', errors: 2 })

    // The same commits, told under another id.
    await until('attempt.ended')
    expect(await deliver(payload)).toMatchObject({
      status: 202,
      message: 'The review is done.',
      review: done.id,
    })
    const request = {
      action: 'synchronize',
      repository: { full_name: 'acme/shop' },
      pull_request: { updated_at: new Date().toISOString(), base: { sha: second }, head: { sha: third } },
    }
    expect(await deliver(request, { event: 'pull_request' })).toMatchObject({
      status: 202,
      message: 'The review is started.',
    })
    await until('verdict', ({ ended }) => ended === 2)
    expect(all('verdict').at(-1)).toMatchObject({ ended: 2, twice: 0 })
    expect(all('row').filter(({ event }) => event === 'begin')).toHaveLength(2)
  })

  it('is refused, with the reason, when it is late, of another repository, or cannot be read', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, all, first, third } = await forge({ onTestFinished })
    const id = randomUUID()
    const late = push(first, third, Date.now() - 3 * 86_400_000 - 60_000)
    expect(await deliver(late, { id })).toMatchObject({
      status: 410,
      message: expect.stringContaining('too late'),
    })
    const elsewhere = {
      ...push(first, third),
      repository: { full_name: 'evil/shop', pushed_at: Math.floor(Date.now() / 1_000) },
    }
    expect(await deliver(elsewhere, { id })).toMatchObject({ status: 404 })
    expect(await deliver({ ...push(first, third), after: '--output=/tmp/x' })).toMatchObject({ status: 400 })
    expect(await deliver({})).toMatchObject({ status: 400 })
    expect(await deliver(push(first, third), { headers: { 'content-type': 'text/plain' } })).toMatchObject({
      status: 415,
    })
    expect(await deliver(push(first, third), { id: '' })).toMatchObject({
      status: 400,
      code: 'IDEMPOTENCY_KEY_MALFORMED',
    })
    expect(await deliver({ zen: 'Keep it logically awesome.' }, { event: 'ping' })).toMatchObject({
      status: 200,
      message: 'It is here.',
    })
    expect(await deliver(push(first, ZERO))).toMatchObject({
      status: 200,
      message: 'refs/heads/main was deleted.',
    })
    expect(await deliver({ ...push(first, third), ref: 'refs/tags/v1' })).toMatchObject({
      status: 200,
      message: 'Nothing is done about refs/tags/v1: it is no branch.',
    })
    expect(all('review')).toEqual([])

    // What was refused before its claim has used no id up. This one is ours, and its commits are not here.
    const unknown = 'f'.repeat(40)
    for (const before of [first, ZERO])
      expect(await deliver(push(before, unknown), { id: randomUUID() })).toMatchObject({
        status: 503,
        ok: false,
        message: expect.stringContaining(`no commit called "${unknown}"`),
      })
    expect(all('review')).toEqual([])
    expect(all('call.asked')).toEqual([])
  })
  it('is answered 503 until its commits are there, and then starts under the same id', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, repository, all, third } = await forge({ onTestFinished })
    const elsewhere = createRepository(onTestFinished)
    elsewhere.git('pull', '--quiet', repository.path, 'main')
    const late = elsewhere.commit({ 'd.js': 'debugger\n' }, 'Add d')
    const payload = push(third, late)
    const id = randomUUID()
    expect(await deliver(payload, { id })).toMatchObject({ status: 503 })
    expect(all('review')).toEqual([])
    repository.git('fetch', '--quiet', elsewhere.path, 'main')
    expect(await deliver(payload, { id })).toMatchObject({ status: 202, message: 'The review is started.' })
  })

  it('whose commits never come is a review that is rejected, and is done when they come after all', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, repository, all, until, third } = await forge({ onTestFinished }, 50)
    const elsewhere = createRepository(onTestFinished)
    elsewhere.git('pull', '--quiet', repository.path, 'main')
    // A forced push: what the branch was before is nowhere but at the forge.
    const before = elsewhere.commit({ 'd.js': 'debugger\n' }, 'Add d')
    const payload = push(before, third)
    const id = randomUUID()
    expect(await deliver(payload, { id })).toMatchObject({ status: 503 })
    const rejected = await until('review', ({ state }) => state === 'Rejected')
    expect(rejected).toMatchObject({
      hasFailed: true,
      reason: expect.stringMatching(/no commit called "[0-9a-f]{40}"\. It did not come within .* acme\/shop/),
    })
    const refused = await deliver(payload, { id })
    expect(refused).toMatchObject({
      status: 202,
      ok: false,
      what: 'refused',
      message: rejected.reason,
      review: rejected.id,
      isReplayed: false,
    })
    expect(await deliver(payload, { id })).toEqual({ ...refused, isReplayed: true })
    expect(await deliver(payload)).toEqual(refused)
    expect(all('call.asked')).toEqual([])

    const after = elsewhere.commit({ 'e.js': 'debugger\n' }, 'Add e')
    const late = push(before, after)
    expect(await deliver(late)).toMatchObject({ status: 503 })
    const next = await until('review', (review) => review.state === 'Rejected' && review.id !== rejected.id)
    repository.git('fetch', '--quiet', elsewhere.path, 'main')
    expect(await deliver(late)).toMatchObject({
      status: 202,
      message: 'The review is started.',
      review: next.id,
    })
    await until('review', (review) => review.id === next.id && review.state === 'HumanReview')
  })

  it('is started when its commits have come, although no delivery follows', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, repository, until, all, third } = await forge({ onTestFinished }, 3_000)
    const elsewhere = createRepository(onTestFinished)
    elsewhere.git('pull', '--quiet', repository.path, 'main')
    const late = elsewhere.commit({ 'd.js': 'debugger\n' }, 'Add d')
    expect(await deliver(push(third, late))).toMatchObject({ status: 503 })
    repository.git('fetch', '--quiet', elsewhere.path, 'main')
    expect(await until('review', ({ state }) => state === 'HumanReview')).toMatchObject({ title: 'Add d' })
    expect(all('row').filter(({ event }) => event === 'begin')).toHaveLength(1)
  })

  it('is about what the branch has changed, wherever its base has gone meanwhile', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, repository, until, second, third } = await forge({ onTestFinished })
    repository.git('checkout', '--quiet', '-b', 'feature', second)
    const head = repository.commit({ 'feature.js': 'debugger\n' }, 'Add a feature')
    const request = {
      action: 'opened',
      repository: { full_name: 'acme/shop' },
      pull_request: { updated_at: new Date().toISOString(), base: { sha: third }, head: { sha: head } },
    }
    const { review } = await deliver(request, { event: 'pull_request' })
    expect(await until('review', ({ state }) => state === 'HumanReview')).toMatchObject({
      id: review,
      title: 'Add a feature',
      errors: 1,
    })
    // A forced push to where the feature is: the same change.
    expect(await deliver(push(third, head))).toMatchObject({ review })
  })
  it('starts nothing again under another id when clean-up has removed its review', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, world, folder, all, until, second, third } = await forge({ onTestFinished })
    const payload = push(second, third)
    const { review = '' } = await deliver(payload)
    await until('attempt.ended')
    const seen = all('review').at(-1)?.version ?? 0
    expect(await world.act('decide', { review, act: 'reject', seen })).toMatchObject({ ok: true })
    const store = openStore(join(folder, 'live.sqlite'))
    onTestFinished(() => store.close())
    const order = { slot: 1, instance: 'i', fencingToken: 1, keepMs: -60_000 }
    expect(store.sweep(order)?.reviews).toEqual([review])
    expect(await deliver(payload)).toMatchObject({ status: 202, message: 'The review is done.', review })
    expect(store.effects.charges(review)).toHaveLength(1)
    expect(all('call.asked')).toHaveLength(2)
  })

  it('starts what was never done, also when clean-up has removed its failure', async ({
    expect,
    onTestFinished,
  }) => {
    const { deliver, repository, folder, until, third } = await forge({ onTestFinished }, 50)
    const elsewhere = createRepository(onTestFinished)
    elsewhere.git('pull', '--quiet', repository.path, 'main')
    const payload = push(third, elsewhere.commit({ 'd.js': 'debugger\n' }, 'Add d'))
    expect(await deliver(payload)).toMatchObject({ status: 503 })
    const { id } = await until('review', ({ state }) => state === 'Rejected')
    const store = openStore(join(folder, 'live.sqlite'))
    onTestFinished(() => store.close())
    const order = { slot: 1, instance: 'i', fencingToken: 1, keepMs: -60_000 }
    expect(store.sweep(order)?.reviews).toEqual([id])
    repository.git('fetch', '--quiet', elsewhere.path, 'main')
    expect(await deliver(payload)).toMatchObject({ status: 202, message: 'The review is started.' })
    expect(await until('review', ({ state }) => state === 'HumanReview')).toMatchObject({ title: 'Add d' })
  })
})
