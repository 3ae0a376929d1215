import { Inject, Injectable, Module, type OnModuleInit, Scope } from '@nestjs/common'
import { ContextIdFactory, ModuleRef } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { type Holdfast as CoreHoldfast, createHoldfast, memoryStorage } from '@holdfast/core'
import {
  Cache,
  Holdfast,
  HoldfastHealthIndicator,
  HoldfastModule,
  type HoldfastModuleAsyncOptions,
  type HoldfastModuleSettings,
  type HoldfastOptionsFactory,
  Idempotency,
  InjectCache,
  InjectHoldfast,
  InjectIdempotency,
  InjectLocks,
  Locks,
  getHoldfastToken,
  getLocksToken,
} from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { deferred } from './deferred.ts'

@Injectable()
class Everything {
  readonly parts: readonly [Locks, Idempotency, Cache, Holdfast, HoldfastHealthIndicator]

  constructor(
    locks: Locks,
    idempotency: Idempotency,
    cache: Cache,
    holdfast: Holdfast,
    health: HoldfastHealthIndicator,
  ) {
    this.parts = [locks, idempotency, cache, holdfast, health]
  }
}

const compile = (...imports: NonNullable<Parameters<typeof Module>[0]['imports']>) =>
  Test.createTestingModule({ imports, providers: [Everything] }).compile()

describe('HoldfastModule', () => {
  it('refuses unknown options, and takes its own', async () => {
    const settings = { storage: memoryStorage(), graceMs: 5, logConnection: false, http: {} }
    await (await compile(HoldfastModule.forRoot(settings))).close()
    const wrong = { ...settings, callTimeoutMS: 1 } as HoldfastModuleSettings
    await expect(compile(HoldfastModule.forRoot(wrong))).rejects.toThrow(/did you mean `callTimeoutMs`/)
  })

  it('injects its parts by plain constructor types', async () => {
    const app = await compile(HoldfastModule.forRoot({ storage: memoryStorage() }))
    const [locks, idempotency, cache, holdfast, health] = app.get(Everything).parts
    expect(locks).toBe(holdfast.locks)
    expect(idempotency).toBe(holdfast.idempotency)
    expect([app.get(Idempotency), app.get(HoldfastHealthIndicator)]).toEqual([idempotency, health])
    expect(cache).toBe(holdfast.cache)
    await cache.set('a', 1)
    expect(await holdfast.cache.get('a')).toBe(1)
    expect(await health.isHealthy()).toMatchObject({ holdfast: { status: 'up' } })
    await app.close()
  })

  it('is global unless the options say otherwise', async () => {
    @Module({ providers: [Everything], exports: [Everything] })
    class Feature {}

    const app = await compile(HoldfastModule.forRoot({ storage: memoryStorage() }), Feature)
    expect(app.select(Feature).get(Everything).parts).toHaveLength(5)
    await app.close()
    await expect(
      compile(HoldfastModule.forRoot({ storage: memoryStorage(), isGlobal: false }), Feature),
    ).rejects.toThrow(/can't resolve dependencies of the Everything/)
  })

  it('serves those who import it when it is not global', async () => {
    const holdfast = HoldfastModule.forRoot({ storage: memoryStorage(), isGlobal: false })

    @Module({ imports: [holdfast], providers: [Everything] })
    class Feature {}

    const app = await Test.createTestingModule({ imports: [Feature] }).compile()
    expect(app.select(Feature).get(Everything).parts).toHaveLength(5)
    await app.close()
  })

  describe('forRootAsync', () => {
    class Config {
      readonly prefix = 'configured'
    }

    @Module({ providers: [Config], exports: [Config] })
    class ConfigModule {}

    @Injectable()
    class Factory implements HoldfastOptionsFactory {
      readonly #config: Config

      constructor(@Inject(Config) config: Config) {
        this.#config = config
      }

      async createHoldfastOptions(): Promise<HoldfastModuleSettings> {
        return { storage, prefix: this.#config.prefix }
      }
    }

    @Module({ imports: [ConfigModule], providers: [Factory], exports: [Factory] })
    class FactoryModule {}

    const storage = memoryStorage()

    const sources: readonly (readonly [string, HoldfastModuleAsyncOptions])[] = [
      [
        'useFactory',
        {
          imports: [ConfigModule],
          inject: [Config],
          useFactory: async ({ prefix }: Config) => ({ storage, prefix }),
        },
      ],
      ['useClass', { imports: [ConfigModule], useClass: Factory }],
      ['useExisting', { imports: [FactoryModule], useExisting: Factory }],
    ]

    it.for(sources)('takes its options from %s', async ([name, options]) => {
      const app = await compile(HoldfastModule.forRootAsync(options))
      await app.get(Cache).set(name, 'found')
      // The prefix is the one that the configuration gave: another instance with it sees the same cache.
      expect(await createHoldfast({ storage, prefix: 'configured' }).cache.get(name)).toBe('found')
      expect(await createHoldfast({ storage }).cache.get(name)).toBeUndefined()
      await app.close()
    })

    it('refuses options without a source', () => {
      expect(() => HoldfastModule.forRootAsync({})).toThrow(/useFactory, useClass or useExisting/)
    })
  })

  describe('named instances', () => {
    @Injectable()
    class Orders {
      @InjectLocks('orders') readonly locks!: Locks
      readonly parts: readonly [Idempotency, Cache, CoreHoldfast]

      constructor(
        @InjectIdempotency('orders') idempotency: Idempotency,
        @InjectCache('orders') cache: Cache,
        @InjectHoldfast('orders') holdfast: Holdfast,
      ) {
        this.parts = [idempotency, cache, holdfast]
      }
    }

    it('live beside the unnamed one', async () => {
      const app = await Test.createTestingModule({
        imports: [
          HoldfastModule.forRoot({ storage: memoryStorage() }),
          HoldfastModule.forRoot({ name: 'orders', storage: memoryStorage() }),
          HoldfastModule.forRoot({ name: 'mail', storage: memoryStorage() }),
        ],
        providers: [Orders, Everything],
      }).compile()
      const { locks, parts } = app.get(Orders)
      const [idempotency, cache, holdfast] = parts
      expect(holdfast).toBe(app.get(getHoldfastToken('orders')))
      expect([locks, idempotency, cache]).toEqual([holdfast.locks, holdfast.idempotency, holdfast.cache])
      expect(new Set([holdfast, app.get(Holdfast), app.get(getHoldfastToken('mail'))]).size).toBe(3)
      expect(app.get(getLocksToken('mail'))).not.toBe(locks)
      await app.close()
    })

    it('do not give away what plain types mean', async () => {
      await expect(
        compile(HoldfastModule.forRoot({ name: 'orders', storage: memoryStorage() })),
      ).rejects.toThrow(/can't resolve dependencies/)
    })
  })

  it('serves request-scoped providers without making others request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      readonly locks: Locks

      constructor(locks: Locks) {
        this.locks = locks
      }
    }

    const app = await Test.createTestingModule({
      imports: [HoldfastModule.forRoot({ storage: memoryStorage() })],
      providers: [PerRequest],
    }).compile()
    const [one, two] = [ContextIdFactory.create(), ContextIdFactory.create()]
    const first = await app.get(ModuleRef).resolve(PerRequest, one, { strict: false })
    const second = await app.get(ModuleRef).resolve(PerRequest, two, { strict: false })
    expect(first).not.toBe(second)
    expect(first.locks).toBe(second.locks)
    expect(app.get(Locks)).toBe(first.locks)
    await app.close()
  })

  describe('on shutdown', () => {
    it('ends what it made, and lets bodies that listen to their signal finish first', async () => {
      const app = await compile(HoldfastModule.forRoot({ storage: memoryStorage() }))
      const holdfast = app.get(Holdfast)
      const started = deferred()
      let ended = false
      const body = holdfast.locks.run('busy', async ({ signal }) => {
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        ended = true
      })
      await started.promise
      await app.close()
      expect(ended).toBe(true)
      await body
      await expect(holdfast.locks.acquire('later')).rejects.toMatchObject({ code: 'CLOSED' })
    })

    it('waits no longer than graceMs', async () => {
      const app = await compile(HoldfastModule.forRoot({ storage: memoryStorage(), graceMs: 20 }))
      const holdfast = app.get(Holdfast)
      const deaf = deferred()
      const started = deferred()
      const body = holdfast.locks.run('busy', () => {
        started.resolve()
        return deaf.promise
      })
      await started.promise
      let bodyEnded = false
      void body.then(() => (bodyEnded = true))
      await app.close()
      expect(bodyEnded).toBe(false)
      deaf.resolve()
      await body
    })

    it('leaves an instance alone that it was given', async () => {
      await using holdfast = createHoldfast({ storage: memoryStorage() })
      const app = await compile(HoldfastModule.forRoot({ holdfast }))
      expect(app.get(Holdfast)).toBe(holdfast)
      await app.close()
      await using lease = await holdfast.locks.acquire('still open')
      expect(lease.name).toBe('still open')
    })

    it('closes it when the options say so', async () => {
      const holdfast = createHoldfast({ storage: memoryStorage() })
      const app = await compile(HoldfastModule.forRoot({ holdfast, closeHoldfast: true }))
      await app.close()
      await expect(holdfast.locks.acquire('closed')).rejects.toMatchObject({ code: 'CLOSED' })
    })

    it('ends after the shutdown hooks of those who use it', async () => {
      const seen: unknown[] = []

      @Injectable()
      class User implements OnModuleInit {
        readonly locks: Locks

        constructor(locks: Locks) {
          this.locks = locks
        }

        onModuleInit() {
          seen.push('init')
        }

        async beforeApplicationShutdown() {
          await using lease = await this.locks.acquire('last words')
          seen.push(lease.name)
        }

        async onApplicationShutdown() {
          await using lease = await this.locks.acquire('very last words')
          seen.push(lease.name)
        }
      }

      const app = await Test.createTestingModule({
        imports: [HoldfastModule.forRoot({ storage: memoryStorage() })],
        providers: [User],
      }).compile()
      await app.init()
      await app.close()
      expect(seen).toEqual(['init', 'last words', 'very last words'])
    })
  })
})
