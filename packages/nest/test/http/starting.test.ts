import { All, Controller, Delete, Get, Post, Put, SetMetadata, Sse } from '@nestjs/common'
import { Test } from '@nestjs/testing'
import { memoryStorage } from '@holdfast/core'
import { Cached, HoldfastModule, Idempotent, Locked } from '@holdfast/nest'
import { describe, expect, it } from 'vitest'
import { onEachPlatform, post } from './each-platform.ts'

onEachPlatform('@Idempotent on a controller', (start) => {
  it('protects what it inherits, and handlers of all methods', async () => {
    abstract class Crud {
      runs = 0

      @Post()
      create() {
        return { runs: (this.runs += 1) }
      }

      @Get()
      list() {
        return {}
      }
    }
    @Idempotent()
    @Controller('orders')
    class Orders extends Crud {
      @All('any')
      any() {
        return { runs: (this.runs += 1) }
      }
    }
    @Controller('bare')
    class Bare extends Crud {}
    const { url } = await start([Orders, Bare])
    for (const path of ['orders', 'orders/any']) {
      expect((await post(`${url}/${path}`)).replayed).toBe(false)
      expect((await post(`${url}/${path}`)).replayed).toBe(true)
    }
    expect((await fetch(`${url}/orders/any`, { headers: { connection: 'close' } })).status).toBe(200)
    // The base is left as it was.
    expect((await post(`${url}/bare`)).replayed).toBe(false)
    expect((await post(`${url}/bare`)).replayed).toBe(false)
  })

  it('protects what a controller adds that extends it, and what it overrides', async () => {
    @Idempotent()
    class Base {
      @Post('one')
      one() {
        return {}
      }
    }
    @Controller()
    class Orders extends Base {
      @Post('one')
      override one() {
        return { overridden: true }
      }

      @Post('two')
      two() {
        return {}
      }
    }
    const { url } = await start([Orders])
    for (const path of ['one', 'two']) {
      expect((await post(`${url}/${path}`)).replayed).toBe(false)
      expect((await post(`${url}/${path}`)).replayed).toBe(true)
    }
  })

  it('takes the methods that the module names', async () => {
    @Idempotent()
    @Controller()
    class Orders {
      runs = 0

      @Put('order')
      put() {
        return { runs: (this.runs += 1) }
      }
    }
    const { url } = await start([Orders], { http: { scope: 'global', methods: ['PUT'] } })
    const put = async () => {
      const headers = { 'idempotency-key': 'k', connection: 'close' }
      return (await fetch(`${url}/order`, { method: 'PUT', headers })).text()
    }
    expect([await put(), await put()]).toEqual(['{"runs":1}', '{"runs":1}'])
  })
})

describe('an app does not start', () => {
  class Reads {
    list() {
      return {}
    }
  }
  /** A class whose one handler has these decorators, and the app with it. */
  const start = async (decorators: readonly MethodDecorator[], more: readonly ClassDecorator[] = []) => {
    class Orders extends Reads {
      handle() {
        return {}
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'handle') as PropertyDescriptor
    for (const decorate of decorators) decorate(Orders.prototype, 'handle', descriptor)
    Object.defineProperty(Orders.prototype, 'handle', descriptor)
    for (const decorate of [Controller('orders'), ...more]) decorate(Orders)
    const module = HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: 'global' } })
    const { createNestApplication } = await compile([module], [Orders])
    return createNestApplication()
  }
  const compile = async (imports: object[], controllers: never[] | (new () => object)[] = []) => {
    const module = await Test.createTestingModule({ imports: imports as never[], controllers }).compile()
    return {
      createNestApplication: async () => {
        const app = module.createNestApplication({ logger: false })
        await app.init()
        await app.close()
      },
    }
  }
  it.each<[string, RegExp, readonly MethodDecorator[]]>([
    ['@Get', /Orders.handle: GET cannot be idempotent/, [Get(), Idempotent()]],
    ['@Get below', /Orders.handle: GET cannot be idempotent/, [Idempotent(), Get()]],
    ['@Sse', /Orders.handle: GET cannot be idempotent/, [Sse(), Idempotent()]],
    ['@Put', /Orders.handle: PUT cannot be idempotent: name the method/, [Put(), Idempotent()]],
    ['@Delete', /Orders.handle: DELETE cannot be idempotent/, [Delete(), Idempotent()]],
    ['nothing at all', /Orders.handle: only handlers of HTTP requests/, [Idempotent()]],
  ])('where @Idempotent is on a handler of %s', async (_name, message, decorators) => {
    await expect(start(decorators)).rejects.toThrow(message)
  })

  it('where @Idempotent is on a controller without a handler that it could protect', async () => {
    await expect(start([Get()], [Idempotent()])).rejects.toThrow(/@Idempotent on Orders protects nothing/)
  })

  it('starts where other code uses a key that looks like that of another transport', async () => {
    await start([Post(), SetMetadata('message', 'Created.'), Idempotent()])
  })

  it('starts where the method is named', async () => {
    await start([Put(), Idempotent({ methods: ['PUT'] })])
    await start([Delete(), Idempotent({ methods: ['delete'] })])
  })

  const forRoot = (name?: string, isGlobal = true) =>
    HoldfastModule.forRoot({ storage: memoryStorage(), isGlobal, ...(name !== undefined && { name }) })

  it('where two instances have no name, or one', async () => {
    const starting = async (...imports: object[]) => (await compile(imports)).createNestApplication()
    await expect(starting(forRoot(), forRoot())).rejects.toThrow(/imported twice without a name/)
    await expect(starting(forRoot('a'), forRoot('a'))).rejects.toThrow(/imported twice with the name a/)
    await expect(starting(forRoot(), forRoot(undefined, false))).rejects.toThrow(/imported twice/)
    await starting(forRoot(), forRoot('a'), forRoot('b'))
    const one = forRoot()
    await starting(one, one)
  })

  it.each<[string, () => MethodDecorator]>([
    ['@Locked', () => Locked('l') as MethodDecorator],
    ['@Cached', () => Cached('c') as MethodDecorator],
    ['@Idempotent', () => Idempotent()],
  ])('without the module, and says what to import, with %s', async (_name, decorate) => {
    class Lonely {
      async work() {
        return 1
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Lonely.prototype, 'work') as PropertyDescriptor
    decorate()(Lonely.prototype, 'work', descriptor)
    const compiled = Test.createTestingModule({ providers: [Lonely] }).compile()
    await expect(compiled).rejects.toThrow(
      /HoldfastModule\.forRoot\(\) from @holdfast\/nest, which the root module imports/,
    )
  })
})
