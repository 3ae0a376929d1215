import { Controller, Get, Injectable, Scope, SetMetadata } from '@nestjs/common'
import { ContextIdFactory, ModuleRef, Reflector } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import {
  Cached,
  Idempotency,
  IdempotentJob,
  Locked,
  attachHoldfast,
  currentExecution,
  currentLease,
} from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { METHOD_METADATA, PATH_METADATA } from './nest-metadata.ts'
import { appOf } from './app-of.ts'

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
      /can't resolve dependencies of the Lonely.*HoldfastModule.forRoot\(\)/s,
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
