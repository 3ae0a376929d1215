import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { SQSBatchResponse } from 'aws-lambda'
import type { Program, Programs } from './program.ts'

/**
 * Lambda around one environment, by the paths of its runtime API. Between invocations the process is stopped, as Lambda
 * freezes an environment.
 */
export class Lambda implements AsyncDisposable {
  readonly program: Program
  readonly #server: Server
  readonly #waiting: PromiseWithResolvers<ServerResponse>[] = [Promise.withResolvers()]
  #answered = Promise.withResolvers<SQSBatchResponse>()

  private constructor(programs: Programs, server: Server, settings: Record<string, string>) {
    this.#server = server
    server.on('request', async (request, response) => {
      if (request.url?.endsWith('/next') === true) return this.#waiting.at(-1)?.resolve(response)
      this.#answered.resolve((await json(request)) as SQSBatchResponse)
      response.writeHead(202).end()
    })
    const { port } = server.address() as AddressInfo
    this.program = programs.start('serverless/runtime.ts', {
      ...settings,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
    })
  }

  static async start(programs: Programs, settings: Record<string, string> = {}): Promise<Lambda> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Lambda(programs, server, settings)
  }

  /** Thaws the environment, has it handle one message, and freezes it. Resolves with how many messages failed. */
  async invoke(order: string, timeoutMs = 600_000): Promise<number> {
    const response = (await this.#waiting.at(-1)?.promise) as ServerResponse
    this.#waiting.push(Promise.withResolvers())
    this.#answered = Promise.withResolvers()
    this.program.kill('SIGCONT')
    response.setHeader('lambda-runtime-aws-request-id', randomUUID())
    response.setHeader('lambda-runtime-deadline-ms', Date.now() + timeoutMs)
    response.end(JSON.stringify({ Records: [{ messageId: randomUUID(), body: JSON.stringify({ order }) }] }))
    const { batchItemFailures } = await this.#answered.promise
    await this.#waiting.at(-1)?.promise
    this.program.kill('SIGSTOP')
    return batchItemFailures.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
