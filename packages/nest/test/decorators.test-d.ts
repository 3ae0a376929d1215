import type { HealthIndicatorResult } from '@nestjs/terminus'
import type { ExecutionContext, Lease } from '@holdfast/core'
import {
  Cache,
  CacheEvict,
  Cached,
  type HoldfastHealthIndicator,
  HoldfastModule,
  Idempotency,
  Idempotent,
  IdempotentJob,
  Locked,
  Locks,
  OncePerSlot,
  currentExecution,
  currentLease,
} from '@holdfast/nest'
import { memoryStorage } from '@holdfast/core'
import type express from 'express'
import type { FastifyRequest } from 'fastify'
import type { ModuleRef } from '@nestjs/core'
import { expectTypeOf } from 'vitest'

export class Methods {
  @Locked('fixed')
  async fixed(): Promise<void> {}

  @Locked((id: string) => id)
  async begins(id: string, amount: number): Promise<string> {
    return `${id} ${amount}`
  }

  @Locked((id: string | undefined) => id ?? 'none')
  async wider(id: string): Promise<string> {
    return id
  }

  @Locked((id?: string) => id ?? 'none')
  async optional(id?: string, more?: number): Promise<string> {
    return `${id} ${more}`
  }

  @Locked((...ids: string[]) => ids.join())
  async rest(...ids: string[]): Promise<string> {
    return ids.join()
  }

  @Locked(function (this: Methods, id: string) {
    return this.prefix + id
  })
  async bound(id: string): Promise<string> {
    return id
  }

  readonly prefix = 'p'

  // @ts-expect-error the name is made of a number, the method has a string
  @Locked((id: number) => `${id}`)
  async otherType(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error the name is made of more than the method has
  @Locked((id: string, more: number) => `${id} ${more}`)
  async tooMany(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error a lock is released when the method has returned: it must return a promise
  @Locked('sync')
  sync(): string {
    return ''
  }

  // @ts-expect-error a skipped call returns undefined
  @Locked('skipped', { whenHeld: 'skip' })
  async skipped(): Promise<string> {
    return ''
  }

  @Locked('skipped', { whenHeld: 'skip', leaseMs: 1_000 })
  async skippedVoid(): Promise<void> {}

  @Locked('skipped', { whenHeld: 'skip' })
  async skippedUndefined(): Promise<string | undefined> {
    return ''
  }

  // @ts-expect-error a decorator lives longer than any signal
  @Locked('signal', { signal: AbortSignal.timeout(1) })
  async signal(): Promise<void> {}

  @IdempotentJob('job', (id: string) => id, {
    fingerprint: (_id: string, amount: number) => ({ amount }),
    maxAttempts: 3,
    onInProgress: 'wait',
  })
  async job(id: string, amount: number, _more: boolean): Promise<string> {
    return `${id} ${amount}`
  }

  @IdempotentJob('job', (id: string, amount: number) => `${id} ${amount}`, {
    fingerprint: (id: string) => id,
  })
  async job2(id: string, amount: number): Promise<string> {
    return `${id} ${amount}`
  }

  // @ts-expect-error the fingerprint is made of more than the method has
  @IdempotentJob('job', (id: string) => id, { fingerprint: (_id: string, amount: number) => amount })
  async job3(id: string): Promise<string> {
    return id
  }

  // @ts-expect-error a key is a string
  @IdempotentJob('job', (id: number) => id)
  async job4(id: number): Promise<number> {
    return id
  }

  @Cached((id: number) => `user:${id}`, { ttlMs: 1_000 })
  async cached(id: number): Promise<{ id: number }> {
    return { id }
  }

  @Cached((id: number) => `user:${id}`, {
    ttlMs: 1_000,
    jitter: 0.1,
    staleMs: 60_000,
    earlyRefresh: { beta: 2 },
    softTimeoutMs: 50,
    hardTimeoutMs: 1_000,
    waitMs: 500,
    onLoadError: 'stale',
    onOutage: 'throw',
    copy: false,
    tags: (id: number, team: string) => [`user:${id}`, `team:${team}`],
  })
  async cachedWithTags(id: number, team: string): Promise<{ id: number; team: string }> {
    return { id, team }
  }

  @Cached('all', { tags: ['users'] })
  async cachedWithFixedTags(): Promise<number> {
    return 1
  }

  // @ts-expect-error the tags are made of more than the method has
  @Cached((id: number) => `${id}`, { tags: (_id: number, team: string) => [team] })
  async cachedWithTagsOfMore(id: number): Promise<number> {
    return id
  }

  // @ts-expect-error one tag is an array of one
  @Cached('all', { tags: 'users' })
  async cachedWithOneTag(): Promise<void> {}

  // @ts-expect-error a signal is for one call
  @Cached('all', { signal: new AbortController().signal })
  async cachedWithSignal(): Promise<void> {}

  @CacheEvict({ tags: (id: number) => [`user:${id}`], when: 'before' })
  async evictsTags(id: number): Promise<void> {
    void id
  }

  @CacheEvict('all', { prefix: 'user', tags: (id: number) => [`user:${id}`] })
  async evictsBoth(id: number): Promise<void> {
    void id
  }

  // @ts-expect-error the method has no team
  @CacheEvict({ tags: (_id: number, team: string) => [team] })
  async evictsTagsOfMore(id: number): Promise<void> {
    void id
  }

  // @ts-expect-error neither keys nor tags
  @CacheEvict({ when: 'before' })
  async evictsNothing(): Promise<void> {}

  @CacheEvict((id: number) => [`${id}`, 'all'], { prefix: 'user' })
  async evicts(id: number): Promise<void> {
    void id
  }

  @CacheEvict(['a', 'b'], { prefix: 'user', when: 'before' })
  async evictsFixed(): Promise<void> {}

  // @ts-expect-error there are only two moments
  @CacheEvict('a', { prefix: 'user', when: 'during' })
  async evictsNever(): Promise<void> {}
}

export class Skipping {
  @OncePerSlot('report', { everyMs: 60_000 })
  async report(): Promise<void> {}

  @OncePerSlot('report', (at: Date) => ({ at, everyMs: 60_000 }), { maxAttempts: 3, onInProgress: 'skip' })
  async reportAt(at: Date): Promise<string | undefined> {
    return at.toISOString()
  }

  // @ts-expect-error those that do not work return undefined
  @OncePerSlot('report', { everyMs: 60_000 })
  async result(): Promise<string> {
    return ''
  }

  @IdempotentJob('job', (id: string) => id, { onInProgress: 'skip' })
  async job(id: string): Promise<string | undefined> {
    return id
  }

  // @ts-expect-error a skipped call returns undefined
  @IdempotentJob('job', (id: string) => id, { onInProgress: 'skip' })
  async job2(id: string): Promise<string> {
    return id
  }
}

interface RequestWithUser {
  readonly user: { readonly id: string }
}

@Idempotent<RequestWithUser>({ scope: ({ user }) => user.id })
export class Routes {
  @Idempotent({ scope: (request: RequestWithUser) => request.user.id, wait: { maxMs: 1_000 } })
  sync(): string {
    return ''
  }

  @Idempotent()
  async promise(): Promise<void> {}

  // @ts-expect-error a scope is a string
  @Idempotent({ scope: () => 1 })
  wrong(): void {}
}

/** What a decorator leaves is the method as it was written. */
expectTypeOf<Methods['begins']>().toEqualTypeOf<(id: string, amount: number) => Promise<string>>()

expectTypeOf(currentLease).returns.toEqualTypeOf<Lease | undefined>()
expectTypeOf(currentExecution).returns.toEqualTypeOf<ExecutionContext | undefined>()

/** Injection tokens are types, and have them. */
export function tokens(moduleRef: ModuleRef): void {
  expectTypeOf(moduleRef.get(Locks)).toEqualTypeOf<Locks>()
  expectTypeOf(moduleRef.get(Idempotency)).toEqualTypeOf<Idempotency>()
  expectTypeOf(moduleRef.get(Cache)).toEqualTypeOf<Cache>()
  // @ts-expect-error users do not make one by hand
  void new Locks()
}

/** Terminus takes it as it is. */
export const indicate = (indicator: HoldfastHealthIndicator): Promise<HealthIndicatorResult<'redis'>> =>
  indicator.isHealthy('redis')
expectTypeOf<Awaited<ReturnType<HoldfastHealthIndicator['isHealthy']>>>().toExtend<HealthIndicatorResult>()

export const modules = [
  HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: 'global' } }),
  HoldfastModule.forRoot({
    storage: memoryStorage(),
    http: { scope: (request: RequestWithUser) => request.user.id },
  }),
  // Express' and Fastify's own requests, with what guards put on them.
  HoldfastModule.forRoot({
    storage: memoryStorage(),
    http: { scope: (request: express.Request & RequestWithUser) => request.user.id + request.originalUrl },
  }),
  HoldfastModule.forRoot({
    storage: memoryStorage(),
    http: {
      scope: ({ raw, ...request }: FastifyRequest & RequestWithUser) => `${raw.url}${request.user.id}`,
    },
  }),
  HoldfastModule.forRoot<RequestWithUser>({
    storage: memoryStorage(),
    http: { scope: ({ user }) => user.id, fingerprint: ({ user }, { body }) => [user.id, body] },
  }),
  HoldfastModule.forRoot({
    storage: memoryStorage(),
    http: { scope: (request) => String(request.user.id) },
  }),
  HoldfastModule.forRootAsync({
    useFactory: () => ({
      storage: memoryStorage(),
      http: { scope: (request: express.Request & RequestWithUser) => request.user.id },
    }),
  }),
  HoldfastModule.forRootAsync({
    useFactory: async () => ({
      storage: memoryStorage(),
      http: { scope: async (request) => String(request.ip) },
    }),
  }),
  // @ts-expect-error a scope is a string
  HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: () => 7 } }),
  HoldfastModule.forRootAsync({
    inject: ['config'],
    useFactory: (config: { prefix: string }) => ({ storage: memoryStorage(), prefix: config.prefix }),
  }),
  // @ts-expect-error without a storage there is nothing to keep state in
  HoldfastModule.forRoot({ prefix: 'x' }),
  // @ts-expect-error a misspelt option is found
  HoldfastModule.forRoot({ storage: memoryStorage(), prefx: 'x' }),
]
