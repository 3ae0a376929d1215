import { subscribe } from 'node:diagnostics_channel'
import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import {
  type ArgumentsHost,
  BadRequestException,
  Body,
  type CallHandler,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Inject,
  type NestInterceptor,
  type PipeTransform,
  Req,
  RequestMapping,
  RequestMethod,
  Res,
  StreamableFile,
  type Type,
  UseFilters,
  UseGuards,
  UseInterceptors,
  createParamDecorator,
} from '@nestjs/common'
import {
  type Instruction,
  askAfterwards,
  askWatchdog,
  askWitness,
  blockEventLoop,
  kitRoutes,
} from '@holdfast/test-http-conformance'
import { Idempotency, Idempotent, type IdempotentOptions } from '@holdfast/nest'
import { type Observable, from, map, race } from 'rxjs'

/** Of this whole process, as an operator's subscriber would see them. */
const events: unknown[] = []
subscribe('holdfast:http', (event) => events.push(event))

interface AnyRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** What both platforms' responses have in common here. */
interface AnyResponse {
  readonly raw?: ServerResponse
  status(code: number): { send(body: unknown): unknown }
  header(name: string, value: string | readonly string[]): unknown
  hijack?(): unknown
}

/**
 * The contract of the HTTP cases. Its routes are data, so they are decorated by calls; that also lets Node run this
 * file as it is.
 */
export function kitController(uploads: Type<NestInterceptor> | undefined): Type {
  class KitController {
    readonly #idempotency: Idempotency

    constructor(idempotency: Idempotency) {
      this.#idempotency = idempotency
    }

    async plain(request: AnyRequest, response: AnyResponse): Promise<unknown> {
      return perform(await askWitness(request.headers), response, this.#idempotency)
    }

    events(): unknown {
      return events
    }

    /** Answers by itself, and works on if it has to. */
    async own(request: AnyRequest, response: AnyResponse): Promise<unknown> {
      const answered = answerWith(await askWitness(request.headers), response)
      const after = askAfterwards(request.headers)
      if (after === undefined) return answered
      await answered
      return perform(await after, response, this.#idempotency)
    }

    callback(request: AnyRequest, response: AnyResponse): void {
      void askWitness(request.headers).then((instruction) => answerWith(instruction, response))
    }
  }
  const { prototype } = KitController
  Inject(Idempotency)(KitController, undefined, 0)

  const decorate = (name: string, ...decorators: readonly MethodDecorator[]): void => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name) ?? {}
    for (const decorator of decorators) decorator(prototype, name, descriptor)
    Object.defineProperty(prototype, name, descriptor)
  }
  const withRequestAndResponse = (name: string, passthrough = true): void => {
    Req()(prototype, name, 0)
    Res({ passthrough })(prototype, name, 1)
  }

  withRequestAndResponse('plain')
  decorate('plain', Get('/charge'))
  decorate('events', Get('/kit/events'))
  for (const [name, { method, path, options }] of Object.entries(kitRoutes)) {
    const answersItself = name === 'own' || name === 'callback'
    const handler = {
      async [name](this: KitController, request: AnyRequest, response: AnyResponse) {
        return this.plain(request, response)
      },
    }
    if (!answersItself)
      Object.defineProperty(prototype, name, { value: handler[name], configurable: true, writable: true })
    withRequestAndResponse(name, !answersItself)
    if (name === 'validated') Body(new AmountPipe())(prototype, name, 2)
    if (name === 'late') createParamDecorator(roleOf)(new NobodyPipe())(prototype, name, 2)
    decorate(
      name,
      RequestMapping({ method: RequestMethod[method], path }),
      Idempotent(options as IdempotentOptions<unknown>),
      ...(uploads === undefined ? [] : [UseInterceptors(uploads)]),
      ...(name === 'guarded' ? [UseGuards(new RoleGuard())] : []),
      ...(name === 'timed' ? [UseInterceptors(new WatchdogInterceptor())] : []),
      ...(name === 'filtered' ? [UseFilters(new RenderingFilter(418))] : []),
      ...(name === 'pardoned' ? [UseFilters(new RenderingFilter(200))] : []),
    )
  }
  Controller()(KitController)
  return KitController
}

class AmountPipe implements PipeTransform {
  transform(body: { readonly amount?: unknown } | undefined): unknown {
    if (typeof body?.amount !== 'number') throw new BadRequestException('amount must be a number')
    return body
  }
}

class RoleGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<AnyRequest>()
    const status = { nobody: 401, eager: 429 }[String(headers['x-role'])]
    if (status !== undefined) throw new HttpException({ status }, status)
    return true
  }
}

const roleOf = (_data: unknown, context: ExecutionContext): unknown =>
  context.switchToHttp().getRequest<AnyRequest>().headers['x-role']

class NobodyPipe implements PipeTransform {
  transform(role: unknown): unknown {
    if (role === 'nobody') throw new HttpException({ status: 401 }, 401)
    return role
  }
}

/** As the TimeoutInterceptor of Nest's documentation, but that the case says when the time is over. */
class WatchdogInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const over = askWatchdog(context.switchToHttp().getRequest<AnyRequest>().headers)
    if (over === undefined) return next.handle()
    const giveUp = from(over).pipe(
      map(({ status, text }) => {
        throw new HttpException(text, status)
      }),
    )
    return race(next.handle(), giveUp)
  }
}

class RenderingFilter implements ExceptionFilter {
  readonly #status: number

  constructor(status: number) {
    this.#status = status
  }

  catch(error: Error, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: object): void } }>()
    response.status(this.#status).send({ filtered: error.message })
  }
}
Catch()(RenderingFilter)

/** A handler's own answer; what Fastify's `send` returns can be awaited. */
async function answerWith(instruction: Instruction, response: AnyResponse): Promise<unknown> {
  if (instruction.kind !== 'text') throw new Error('A handler that answers by itself answers with a text.')
  return response.status(instruction.status).send(instruction.text)
}

async function perform(
  instruction: Instruction,
  response: AnyResponse,
  idempotency: Idempotency,
): Promise<unknown> {
  // Nest's own default for a POST is 201.
  response.status('status' in instruction ? (instruction.status ?? 200) : 200)
  if ('headers' in instruction) {
    for (const [name, value] of Object.entries(instruction.headers ?? {})) response.header(name, value)
  }
  switch (instruction.kind) {
    case 'json':
      return instruction.json
    case 'text':
      return instruction.text
    case 'bytes':
      return Buffer.from(instruction.base64, 'base64')
    case 'empty':
      return undefined
    case 'stream':
      return new StreamableFile(Readable.from(instruction.chunks.map((chunk) => Buffer.from(chunk))))
    case 'response':
      return new Response(instruction.text, { status: instruction.status })
    case 'throw':
      if (instruction.status === undefined) throw new Error(instruction.message)
      throw new HttpException(instruction.message, instruction.status)
    case 'hijack':
      return goAround(response, instruction)
    case 'unserializable': {
      const circular: Record<string, unknown> = { n: 1 }
      circular['self'] = circular
      return instruction.how === 'bigint' ? { n: 1n } : circular
    }
    case 'block':
      blockEventLoop(instruction.ms)
      return { blocked: true }
    case 'nested':
      return idempotency.run('kit:nested', instruction.jobKey, () => ({ nested: true }))
  }
}

/** Past the framework: on Express, whose response is Node's own, past the methods of this very object. */
function goAround(
  response: AnyResponse,
  { status, text }: { readonly status: number; readonly text: string },
): undefined {
  response.hijack?.()
  const raw = response.raw ?? (response as unknown as ServerResponse)
  for (const [name, value] of [
    ['writeHead', status],
    ['end', text],
  ] as const) {
    Reflect.apply(Reflect.get(ServerResponse.prototype, name) as () => void, raw, [value])
  }
}
