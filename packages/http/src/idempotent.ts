import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import { captureNodeResponse, endWithResponse } from './capture-node-response.ts'
import { checkObject, checkString } from '@holdfast/core/storage'
import type { HttpExecution } from './exchange.ts'
import { type HttpDecision, type HttpIdempotency, createHttpIdempotency } from './http-idempotency.ts'
import { IdempotentRequest, currentIdempotentRequest, isThenable, statusOf } from './idempotent-request.ts'
import { type NodeRequest, nodeRequestFacts } from './node-request.ts'
import { type NodeResponse, isAnswered, sendResponse, sent, setHeaders } from './node-response.ts'
import type { HttpIdempotencyOptions } from './options.ts'
import { whileConnected } from './while-connected.ts'

/** Express' `next`: called with an error it has the error handlers answer, without one the next handler. */
export type Next = (error?: unknown) => void

/** How a handler for `node:http` or Express is made idempotent. */
export interface IdempotentOptions<Request = IncomingMessage> extends HttpIdempotencyOptions<Request> {
  /** What `createHoldfast` or `createIdempotency` has made (the latter as `{ idempotency }`): it keeps keys and answers. */
  readonly holdfast: Pick<Holdfast, 'idempotency'>
  /**
   * The pattern of the route, such as `/orders/:id`, under which its executions are listed. `node:http` has none, and `app.use()` has
   * none, so it must be given there; which path was requested counts, too, then.
   * @default that of Express' router
   */
  readonly route?: string | undefined
}

/** What {@link idempotent} returns: a handler for `createServer`, or for a route of Express 4 or 5. */
export interface IdempotentHandler<Request, Response> {
  /**
   * Never rejects when `next` is given: errors go there. Without, the client gets the status of the error (500), and the
   * promise rejects with the error, for you to log.
   */
  (request: Request, response: Response, next?: Next): Promise<void>
  /** Resolves when nothing is recorded any more for requests that were begun; for shutdown, before `holdfast.close()`. */
  drained(): Promise<void>
}

/**
 * Makes a handler idempotent by the `Idempotency-Key` header: the first request with a key runs it, every further one gets
 * the very same answer. For `node:http` and for routes of Express 4 and 5: wrap the handler itself, so that everything
 * before it (authentication, parsers, validation) has let the request through.
 *
 * The answer is recorded at Node's own methods, when `end()` is called, before its first byte leaves. Errors that the
 * handler throws, rejects with or hands to `next` go to `next`; what your error handler answers is recorded.
 *
 * @throws InvalidArgumentError when an option is wrong or `scope` is missing
 */
export function idempotent<
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
>(
  given: IdempotentOptions<Request>,
  handler: (request: Request, response: Response, next: Next) => unknown,
): IdempotentHandler<Request, Response> {
  const { holdfast, route, ...options } = checkObject('The first argument of idempotent', given)
  if (typeof (holdfast as Partial<Holdfast> | undefined)?.idempotency?.begin !== 'function')
    throw new InvalidArgumentError('holdfast must be what createHoldfast returns.')
  if (typeof handler !== 'function')
    throw new InvalidArgumentError('idempotent needs the handler as its second argument: a function.')
  if (route !== undefined) checkString('route', route)
  const http = createHttpIdempotency<Request>(holdfast.idempotency, options)
  const handle = (request: Request, response: Response, next?: Next): Promise<void> =>
    new Promise((resolve, reject) => {
      const passOn = next ?? answerErrors(response, reject)
      run(http, route, handler, request, response, passOn)
        .catch((error: unknown) =>
          handOver(response, passOn, error ?? new Error('The handler threw nothing.')),
        )
        // A handler may call its `next` later.
        .then(() => (next === undefined ? sent(response) : undefined))
        .then(resolve, reject)
    })
  return Object.assign(handle, { drained: () => http.drained() })
}

/** The request of an {@link idempotent} handler that called the code that runs now: the client's key, and the execution. */
export function currentIdempotency():
  | { readonly key: string; readonly execution: HttpExecution }
  | undefined {
  const exchange = currentIdempotentRequest()?.exchange
  return exchange && { key: exchange.key, execution: exchange.execution }
}

/** Whose request holds its key: a second claim of it would wait for, or be refused by, the first. */
const protectedResponses = new WeakSet<object>()

async function run<Request extends NodeRequest, Response extends NodeResponse>(
  http: HttpIdempotency<Request>,
  route: string | undefined,
  handler: (request: Request, response: Response, next: Next) => unknown,
  request: Request,
  response: Response,
  passOn: Next,
): Promise<void> {
  if (protectedResponses.has(response)) {
    throw new InvalidArgumentError(
      'This request is idempotent already: it came through another idempotent() before, which would refuse its key here. Wrap one handler of a route, the one that does the work.',
    )
  }
  const facts = await nodeRequestFacts(request, route)
  const begin = (signal?: AbortSignal): Promise<HttpDecision> =>
    http.begin(request, facts, { signal, isAnswered: () => isAnswered(response) })
  const decision = http.waits ? await whileConnected(response, undefined, begin) : await begin()
  switch (decision.action) {
    case 'late':
      return
    case 'answer':
      return sendResponse(response, decision.response)
    case 'bypass':
      setHeaders(response, decision.headers)
      await handler(request, response, passOn)
      return
    case 'proceed': {
      protectedResponses.add(response)
      const handled = new IdempotentRequest(decision.exchange)
      setHeaders(response, decision.exchange.headers)
      captureNodeResponse(response, handled, http)
      const next: Next = (error) => {
        if (isError(error)) handled.onError(error)
        void handOver(response, passOn, error)
      }
      const call = async (): Promise<unknown> =>
        handled.onHandler(
          () => handler(request, response, next),
          (result) => !isThenable(result),
        )
      const ended = call()
      endWithResponse(response, handled, () => ended)
      await ended.catch((error: unknown) => {
        handled.onError(error)
        throw error
      })
    }
  }
}

/** `next('route')` and `next('router')` go on to other handlers. */
function isError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== 'route' && error !== 'router'
}

/**
 * An answer that is being recorded leaves first: Express closes the connection when a handler fails that has answered
 * already, and would take for granted that the answer has left.
 */
async function handOver(response: NodeResponse, next: Next, error: unknown): Promise<void> {
  if (response.writableEnded && !response.writableFinished) await sent(response)
  next(error)
}

/** Where there is no framework to answer for a handler that failed. */
function answerErrors(
  response: NodeResponse & { destroy?(): unknown },
  reject: (error: unknown) => void,
): Next {
  return (error) => {
    if (!isAnswered(response)) {
      response.statusCode = isError(error) ? statusOf(error) : 404
      response.end(STATUS_CODES[response.statusCode])
    } else if (!response.writableEnded) {
      // The client has to see that the answer is not whole.
      response.destroy?.()
    }
    if (isError(error)) reject(error)
  }
}
