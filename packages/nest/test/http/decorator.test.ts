import {
  Body,
  ConsoleLogger,
  Controller,
  Get,
  type INestApplication,
  type PipeTransform,
  Post,
  Put,
  Scope,
  Version,
  VersioningType,
} from '@nestjs/common'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import {
  HoldfastModule,
  Idempotent,
  type IdempotentOptions,
  Locked,
  currentLease,
  currentRequestExecution,
} from '@holdfast/nest'
import { expect, it, onTestFinished } from 'vitest'
import { executionsOf, onEachPlatform, post } from './each-platform.ts'

onEachPlatform('@Idempotent among other decorators', (start, platform) => {
  it('keeps its argument from pipes that look into everything', async () => {
    const looked: string[] = []

    class Looking implements PipeTransform {
      transform(value: unknown): unknown {
        looked.push(typeof value)
        return typeof value === 'object' && value !== null ? structuredClone(value) : value
      }
    }

    @Controller()
    class Piped {
      @Post()
      @Idempotent()
      handle(@Body() body: object) {
        return body
      }
    }

    const { url } = await start([Piped], { prepare: (app) => app.useGlobalPipes(new Looking()) })
    expect(await post(url, 'k', { a: 1 })).toMatchObject({ status: 201, text: '{"a":1}' })
    expect(looked.toSorted()).toEqual(['function', 'object'])
  })

  it('decorates the routes of a controller that change something', async () => {
    const runs: string[] = []
    const options: IdempotentOptions<unknown> = { required: false }

    @Controller()
    @Idempotent()
    class Whole {
      @Post('create')
      create() {
        runs.push('create')
        return {}
      }

      @Post('own')
      @Idempotent(options)
      own() {
        runs.push('own')
        return {}
      }

      @Put('put')
      put() {
        runs.push('put')
        return {}
      }

      @Get('get')
      read() {
        return { runs: runs.length, execution: currentRequestExecution() === undefined }
      }
    }

    const { url } = await start([Whole])
    expect(await post(`${url}/create`, null)).toMatchObject({ status: 400 })
    await post(`${url}/create`)
    expect(await post(`${url}/create`)).toMatchObject({ replayed: true })
    expect(await post(`${url}/own`, null)).toMatchObject({ status: 201 })
    const put = { method: 'PUT', headers: { 'idempotency-key': 'k' } }
    expect((await fetch(`${url}/put`, put)).headers.get('idempotent-replayed')).toBeNull()
    expect((await fetch(`${url}/put`, put)).headers.get('idempotent-replayed')).toBeNull()
    expect(await (await fetch(`${url}/get`)).json()).toEqual({ runs: 4, execution: true })
  })

  it('works in request-scoped controllers, and beside other decorators', async () => {
    let made = 0

    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class Scoped {
      readonly number: number

      constructor() {
        made += 1
        this.number = made
      }

      @Locked((body: { id: string }) => `scoped:${body.id}`)
      @Post()
      @Idempotent()
      async handle(@Body() body: { id: string }) {
        return { number: this.number, lease: currentLease()?.name, id: body.id }
      }
    }

    const { url } = await start([Scoped])
    const first = await post(`${url}/scoped`, 'k', { id: 'a' })
    expect(JSON.parse(first.text)).toEqual({ number: 1, lease: 'scoped:a', id: 'a' })
    expect(await post(`${url}/scoped`, 'k', { id: 'a' })).toMatchObject({ text: first.text, replayed: true })
    expect(made).toBe(2)
  })

  it('gives the platform nothing to complain about', async () => {
    const complaints: string[] = []

    @Controller()
    class Quiet {
      @Post()
      @Idempotent()
      handle() {
        return {}
      }
    }

    const module = await Test.createTestingModule({
      imports: [HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: 'global' } })],
      controllers: [Quiet],
    }).compile()
    const stream = { write: (line: string) => void complaints.push(line) }
    const made =
      platform === 'Fastify'
        ? new FastifyAdapter({ logger: { level: 'warn', stream } })
        : new ExpressAdapter()
    const app = module.createNestApplication<INestApplication>(made, {
      logger: new (class extends ConsoleLogger {
        override error(message: string) {
          complaints.push(message)
        }
      })({ logLevels: ['error'] }),
    })
    onTestFinished(() => app.close())
    await app.listen(0, '127.0.0.1')
    const url = await app.getUrl()
    expect([await post(url), await post(url), await post(url, null)].map(({ status }) => status)).toEqual([
      201, 201, 400,
    ])
    expect(complaints).toEqual([])
  })

  it('tells versions of a route apart that share its path', async () => {
    @Controller('versioned')
    class Versioned {
      @Post()
      @Version('1')
      @Idempotent()
      one() {
        return 'one'
      }

      @Post()
      @Version('2')
      @Idempotent()
      two() {
        return 'two'
      }
    }

    const { url } = await start([Versioned], {
      prepare: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    })
    expect(await post(`${url}/versioned`, 'k', {}, { 'x-version': '1' })).toMatchObject({ text: 'one' })
    expect(await post(`${url}/versioned`, 'k', {}, { 'x-version': '2' })).toMatchObject({ text: 'two' })
    expect(await post(`${url}/versioned`, 'k', {}, { 'x-version': '1' })).toMatchObject({
      text: 'one',
      replayed: true,
    })
  })

  it('asks the options about the platform’s own request, and uses the named instance', async () => {
    @Controller()
    class Named {
      @Post()
      @Idempotent({
        holdfast: 'other',
        scope: ({ headers }: { headers: Record<string, string> }) => headers['x-tenant'] ?? 'none',
      })
      handle(@Body() body: object) {
        return body
      }
    }

    const storage = memoryStorage()
    const { url } = await start([Named], {}, [HoldfastModule.forRoot({ name: 'other', storage })])
    expect(await post(url, 'k', { by: 'a' }, { 'x-tenant': 'a' })).toMatchObject({ text: '{"by":"a"}' })
    expect(await post(url, 'k', { by: 'b' }, { 'x-tenant': 'b' })).toMatchObject({ text: '{"by":"b"}' })
    expect(await post(url, 'k', { by: 'a' }, { 'x-tenant': 'a' })).toMatchObject({ replayed: true })
    await using other = createHoldfast({ storage })
    expect(await executionsOf(other, '/')).toEqual(['completed', 'completed'])
  })

  it('lets a test call the handler by hand', async () => {
    class ByHand {
      @Post()
      @Idempotent()
      async handle(@Body() body: object) {
        return body
      }
    }

    expect(await new ByHand().handle({ by: 'hand' })).toEqual({ by: 'hand' })
  })
})
