import { Controller, Get, Injectable, Scope, SetMetadata } from '@nestjs/common'
import { METHOD_METADATA, PATH_METADATA } from './nest-metadata.ts'
import { ContextIdFactory, ModuleRef, Reflector } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import {
  Cache,
  CacheEvict,
  Cached,
  HoldfastModule,
  Idempotency,
  IdempotentJob,
  Locked,
  Locks,
  attachHoldfast,
  currentExecution,
  currentLease,
  getCacheToken,
} from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { deferred } from './deferred.ts'

type Provider = new (...args: never[]) => object

async function appOf(...providers: Provider[]) {
  const app = await Test.createTestingModule({
    imports: [
      HoldfastModule.forRoot({ storage: memoryStorage() }),
      HoldfastModule.forRoot({ name: 'other', storage: memoryStorage() }),
    ],
    providers,
  }).compile()
  return app.init()
}

describe('@Locked', () => {
  @Injectable()
  class Counter {
    value = 0
    readonly gate = deferred()

    @Locked('counter')
    async increment(): Promise<number> {
      const seen = this.value
      await new Promise(setImmediate)
      this.value = seen + 1
      return this.value
    }

    @Locked((id: string) => `order:${id}`)
    async holding(id: string): Promise<string | undefined> {
      await this.gate.promise
      return `${id} ${currentLease()?.name}`
    }

    @Locked('nightly', { whenHeld: 'skip' })
    async nightly(): Promise<string | undefined> {
      await this.gate.promise
      return 'done'
    }

    @Locked('outer', { waitMs: 0 })
    async outer(): Promise<void> {}

    @Locked('around', { whenHeld: 'skip' })
    async around(): Promise<void> {
      await this.outer()
    }

    @Locked('sync')
    async throwsAtOnce(): Promise<void> {
      throw new TypeError('at once')
    }
  }

  it('runs one call at a time', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    await Promise.all(Array.from({ length: 20 }, () => counter.increment()))
    expect(counter.value).toBe(20)
    await app.close()
  })

  it('makes its name of the arguments, and shows its lease', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    const running = [counter.holding('1'), counter.holding('2')]
    await expect.poll(async () => (await app.get(Locks).inspect('order:1')).holders.length).toBe(1)
    await expect.poll(async () => (await app.get(Locks).inspect('order:2')).holders.length).toBe(1)
    counter.gate.resolve()
    expect(await Promise.all(running)).toEqual(['1 order:1', '2 order:2'])
    expect(currentLease()).toBeUndefined()
    expect((await app.get(Locks).inspect('order:1')).holders).toEqual([])
    await app.close()
  })

  it('skips when told to, and only when it is the lock that is held', async () => {
    const app = await appOf(Counter)
    const counter = app.get(Counter)
    const first = counter.nightly()
    await expect.poll(async () => (await app.get(Locks).inspect('nightly')).holders.length).toBe(1)
    expect(await counter.nightly()).toBeUndefined()
    counter.gate.resolve()
    expect(await first).toBe('done')
    const lease = await app.get(Locks).acquire('outer')
    await expect(counter.around()).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', lockName: 'outer' })
    await lease.release()
    await app.close()
  })

  it('throws when others hold it too long', async () => {
    const app = await appOf(Counter)
    const lease = await app.get(Locks).acquire('outer')
    await expect(app.get(Counter).outer()).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      lockName: 'outer',
    })
    await lease.release()
    await app.close()
  })

  it('passes on what the method throws, and gives the lock back', async () => {
    const app = await appOf(Counter)
    await expect(app.get(Counter).throwsAtOnce()).rejects.toThrow(new TypeError('at once'))
    expect((await app.get(Locks).inspect('sync')).holders).toEqual([])
    await app.close()
  })
})

describe('@IdempotentJob', () => {
  @Injectable()
  class Reports {
    runs = 0
    readonly prefix = 'tenant-a'

    @IdempotentJob('report', (id: string) => id)
    async build(id: string): Promise<{ id: string; run: number }> {
      this.runs += 1
      await currentExecution()?.updateProgress(50, 'half')
      return { id, run: this.runs }
    }

    @IdempotentJob('flaky', 'only', { maxAttempts: 2 })
    async flaky(): Promise<number> {
      this.runs += 1
      if (this.runs < 2) throw new Error('first one fails')
      return currentExecution()?.attempt ?? 0
    }

    @IdempotentJob('checked', (id: string) => id, {
      fingerprint: (_id: string, amount: number) => ({ amount }),
    })
    async checked(id: string, amount: number): Promise<string> {
      return `${id} ${amount}`
    }

    @IdempotentJob('bound', function (this: Reports, id: string) {
      return `${this.prefix}:${id}`
    })
    async bound(id: string): Promise<string> {
      return id
    }
  }

  it('runs once for each key and replays the result', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    expect(await reports.build('a')).toEqual({ id: 'a', run: 1 })
    expect(await reports.build('a')).toEqual({ id: 'a', run: 1 })
    expect(await reports.build('b')).toEqual({ id: 'b', run: 2 })
    expect(reports.runs).toBe(2)
    expect(await app.get(Idempotency).getExecutionStatus('report', 'a')).toMatchObject({
      status: 'completed',
      progressMessage: 'half',
    })
    expect(currentExecution()).toBeUndefined()
    await app.close()
  })

  it('counts attempts', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    await expect(reports.flaky()).rejects.toThrow('first one fails')
    expect(await reports.flaky()).toBe(2)
    await app.close()
  })

  it('refuses a key that stands for something else', async () => {
    const app = await appOf(Reports)
    const reports = app.get(Reports)
    expect(await reports.checked('a', 1)).toBe('a 1')
    await expect(reports.checked('a', 2)).rejects.toMatchObject({ code: 'FINGERPRINT_MISMATCH' })
    expect(await reports.checked('a', 1)).toBe('a 1')
    await app.close()
  })

  it('gives its functions the object as this', async () => {
    const app = await appOf(Reports)
    await app.get(Reports).bound('7')
    expect(await app.get(Idempotency).getExecutionStatus('bound', 'tenant-a:7')).toMatchObject({
      status: 'completed',
    })
    await app.close()
  })
})

describe('@Cached and @CacheEvict', () => {
  @Injectable()
  class Users {
    loads = 0
    names: Record<string, string> = { 1: 'Ada' }

    @Cached((id: number) => `user:${id}`)
    async find(id: number): Promise<string | undefined> {
      this.loads += 1
      return this.names[id]
    }

    @CacheEvict((id: number) => `user:${id}`)
    async rename(id: number, name: string): Promise<void> {
      this.names[id] = name
    }

    @CacheEvict(['user:1', 'user:2'], { when: 'before' })
    async fails(): Promise<void> {
      throw new Error('no')
    }

    @CacheEvict('user:1')
    async failsAfter(): Promise<void> {
      throw new Error('no')
    }

    @Cached('elsewhere', { holdfast: 'other', ttlMs: 60_000 })
    async elsewhere(): Promise<number> {
      this.loads += 1
      return this.loads
    }
  }

  it('loads once, and again after an eviction', async () => {
    const app = await appOf(Users)
    const users = app.get(Users)
    expect([await users.find(1), await users.find(1)]).toEqual(['Ada', 'Ada'])
    expect(users.loads).toBe(1)
    await users.rename(1, 'Grace')
    expect([await users.find(1), users.loads]).toEqual(['Grace', 2])
    await app.close()
  })

  it('does not store undefined', async () => {
    const app = await appOf(Users)
    const users = app.get(Users)
    expect([await users.find(9), await users.find(9)]).toEqual([undefined, undefined])
    expect(users.loads).toBe(2)
    await app.close()
  })

  it('evicts before a method, or only after one that succeeded', async () => {
    const app = await appOf(Users)
    const users = app.get(Users)
    await users.find(1)
    await expect(users.failsAfter()).rejects.toThrow('no')
    expect(await app.get(Cache).exists('user:1')).toBe(true)
    await expect(users.fails()).rejects.toThrow('no')
    expect(await app.get(Cache).exists('user:1')).toBe(false)
    await app.close()
  })

  it('uses the named instance', async () => {
    const app = await appOf(Users)
    expect([await app.get(Users).elsewhere(), await app.get(Users).elsewhere()]).toEqual([1, 1])
    expect(await app.get(Cache).exists('elsewhere')).toBe(false)
    const other: Cache = app.get(getCacheToken('other'))
    expect(await other.exists('elsewhere')).toBe(true)
    await app.close()
  })
})

describe('a decorated method', () => {
  const Tag = (value: string) => SetMetadata('tag', value)

  @Controller('things')
  class Things {
    @Tag('above')
    @Locked('x')
    @Get(':id')
    async below(id: string, _more?: number): Promise<string> {
      return id
    }

    @Get('second')
    @Locked('y')
    async above(): Promise<void> {}
  }

  it('keeps its name, its length, its metadata and the types of its parameters', () => {
    const [below, above] = ['below', 'above'].map((name) => Reflect.get(Things.prototype, name) as () => void)
    expect([below?.name, below?.length]).toEqual(['below', 2])
    expect(Reflect.getMetadata(PATH_METADATA, below as object)).toBe(':id')
    expect(Reflect.getMetadata(METHOD_METADATA, below as object)).toBe(0)
    expect(new Reflector().get('tag', below as () => void)).toBe('above')
    expect(Reflect.getMetadata(PATH_METADATA, above as object)).toBe('second')
    expect(Reflect.getMetadata('design:paramtypes', Things.prototype, 'below')).toEqual([String, Number])
  })

  it('keeps what other libraries have put on the function', () => {
    const mark = (_target: object, _key: string, descriptor: PropertyDescriptor) => {
      Object.assign(descriptor.value, { marked: true })
    }

    class Marked {
      @Locked('z')
      @mark
      async method(): Promise<void> {}
    }

    expect(Reflect.get(Reflect.get(Marked.prototype, 'method'), 'marked')).toBe(true)
  })

  it('may carry several decorators, the upper around the lower', async () => {
    @Injectable()
    class Both {
      @Locked('both')
      @IdempotentJob('both', 'key')
      async method(): Promise<string> {
        return `${currentLease()?.name} ${currentExecution()?.jobType}`
      }
    }

    const app = await appOf(Both)
    expect(await app.get(Both).method()).toBe('both both')
    expect(await app.get(Idempotency).getExecutionStatus('both', 'key')).toMatchObject({
      status: 'completed',
    })
    await app.close()
  })

  it('is inherited, overridden and called by super like any other', async () => {
    class Base {
      @Locked('inherited')
      async inherited(): Promise<string | undefined> {
        return currentLease()?.name
      }

      @Locked('overridden')
      async overridden(): Promise<string | undefined> {
        return currentLease()?.name
      }

      @Locked('called')
      async called(): Promise<string | undefined> {
        return currentLease()?.name
      }
    }

    @Injectable()
    class Derived extends Base {
      @Locked('own')
      async own(): Promise<string | undefined> {
        return currentLease()?.name
      }

      override async overridden(): Promise<string | undefined> {
        return currentLease()?.name
      }

      override async called(): Promise<string | undefined> {
        return `${currentLease()?.name} ${await super.called()}`
      }
    }

    const app = await appOf(Derived)
    const derived = app.get(Derived)
    expect(await derived.inherited()).toBe('inherited')
    expect(await derived.overridden()).toBeUndefined()
    expect(await derived.called()).toBe('undefined called')
    expect(await derived.own()).toBe('own')
    await app.close()
  })

  it('belongs to the app that made its object', async () => {
    @Injectable()
    class Shared {
      @Cached('who', { ttlMs: 60_000 })
      async who(name: string): Promise<string> {
        return name
      }
    }

    const [one, two] = await Promise.all([appOf(Shared), appOf(Shared)])
    expect(await one.get(Shared).who('one')).toBe('one')
    expect(await two.get(Shared).who('two')).toBe('two')
    expect(await one.get(Shared).who('three')).toBe('one')
    await Promise.all([one.close(), two.close()])
  })

  it('works in request-scoped providers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {
      @Locked('per request')
      async method(): Promise<string | undefined> {
        return currentLease()?.name
      }
    }

    const app = await appOf(PerRequest)
    const object = await app.get(ModuleRef).resolve(PerRequest, ContextIdFactory.create(), { strict: false })
    expect(await object.method()).toBe('per request')
    await app.close()
  })

  it('leaves no trace on its object', async () => {
    @Injectable()
    class Plain {
      readonly id = 1

      @Locked('plain')
      async method(): Promise<void> {}
    }

    const app = await appOf(Plain)
    expect(Reflect.ownKeys({ ...app.get(Plain) })).toEqual(['id'])
    await app.close()
  })

  it('keeps an app without the module from starting', async () => {
    @Injectable()
    class Lonely {
      @Locked('lonely')
      async method(): Promise<void> {}
    }

    await expect(Test.createTestingModule({ providers: [Lonely] }).compile()).rejects.toThrow(
      /can't resolve dependencies of the Lonely.*holdfast:default/s,
    )
  })

  it('says what is missing when its object was made by hand, and takes a Holdfast from the test', async () => {
    class ByHand {
      @Locked('by hand')
      async method(): Promise<string | undefined> {
        return currentLease()?.name
      }
    }

    const object = new ByHand()
    await expect(object.method()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('This ByHand was not made by Nest') as string,
    })
    await using holdfast = createHoldfast({ storage: memoryStorage() })
    attachHoldfast(object, holdfast)
    expect(await object.method()).toBe('by hand')
  })

  it('must be a method', () => {
    expect(() => Locked('x')({}, 'property', {})).toThrow(/property is not a method/)
  })
})
