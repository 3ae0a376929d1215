import type { OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DynamicModule, INestApplication } from '@nestjs/common'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import { memoryStorage } from '@holdfast/core'
import { send } from '@holdfast/test-http-conformance'
import { Holdfast, HoldfastModule, type HoldfastModuleOptions } from '@holdfast/nest'
import { describe, onTestFinished } from 'vitest'

export type PlatformName = 'Express' | 'Fastify'

/** What both platforms' responses have in common here. */
export interface AnyResponse {
  status(code: number): AnyResponse
  header(name: string, value: string): AnyResponse
  send(body: unknown): unknown
  readonly raw?: AnyNodeResponse
}

export interface AnyNodeResponse {
  statusCode: number
  end(text: string): void
}

type Class = new (...args: never[]) => object

export type StartOptions = Partial<HoldfastModuleOptions> & {
  /** Before the app listens. */
  readonly prepare?: (app: INestApplication) => void
}

export interface RunningApp {
  readonly app: INestApplication
  readonly holdfast: Holdfast
  readonly url: string
}

/** Runs an app of these controllers over memory until the test is over. */
export type StartApp = (
  controllers: Class[],
  options?: StartOptions,
  imports?: DynamicModule[],
) => Promise<RunningApp>

/** Runs apps on that platform. */
export function startOn(platform: PlatformName): StartApp {
  return async (controllers, { prepare, ...options } = {}, imports = []) => {
    const module = await Test.createTestingModule({
      imports: [
        ...imports,
        HoldfastModule.forRoot({
          storage: memoryStorage(),
          http: { scope: 'global' },
          graceMs: 500,
          ...options,
        } as HoldfastModuleOptions),
      ],
      controllers,
    }).compile()
    const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter()
    const app = module.createNestApplication<INestApplication>(adapter, { logger: false })
    onTestFinished(() => app.close())
    prepare?.(app)
    await app.listen(0, '127.0.0.1')
    const { port } = app.getHttpServer().address() as AddressInfo
    return { app, holdfast: app.get(Holdfast), url: `http://127.0.0.1:${port}` }
  }
}

/** The same tests on Express and on Fastify. */
export function onEachPlatform(title: string, body: (start: StartApp, platform: PlatformName) => void): void {
  describe.each(['Express', 'Fastify'] as const)(`${title}, on %s`, (platform) =>
    body(startOn(platform), platform),
  )
}

export interface Answered {
  readonly status: number
  readonly text: string
  readonly replayed: boolean
  readonly headers: Headers
}

/** Sends JSON; without a key when that is null. */
export async function post(
  url: string,
  key: string | null = 'k',
  body: unknown = {},
  headers: OutgoingHttpHeaders = {},
): Promise<Answered> {
  const text = JSON.stringify(body)
  const { answer } = send(new URL(url), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...(key === null ? {} : { 'idempotency-key': key }),
      ...headers,
    },
    body: Buffer.from(text),
  })
  const { status, headers: received, text: sent } = await answer
  return {
    status,
    text: sent,
    replayed: received['idempotent-replayed'] === 'true',
    headers: new Headers(received as Record<string, string>),
  }
}

/** The states of the executions of a route. */
export async function executionsOf(
  holdfast: Pick<Holdfast, 'idempotency'>,
  route: string,
): Promise<string[]> {
  const { executions } = await holdfast.idempotency.list(`http:POST ${route}`)
  return executions.map(({ status }) => status)
}
