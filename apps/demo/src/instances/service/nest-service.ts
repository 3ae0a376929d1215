import 'reflect-metadata'
import type { Holdfast } from '@holdfast/core'
import { HoldfastHealthIndicator, HoldfastModule } from '@holdfast/nest'
import {
  Controller,
  type DynamicModule,
  Get,
  Headers,
  HttpCode,
  HttpException,
  Inject,
  Module,
  Param,
  Post,
  Query,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { AddressInfo } from 'node:net'
import type { AnswerTo, StartRequest } from './answer.ts'
import type { Service } from './service.ts'

const ANSWER = Symbol('answer')

class JobsController {
  readonly #answer: AnswerTo
  readonly #health: HoldfastHealthIndicator

  constructor(answer: AnswerTo, health: HoldfastHealthIndicator) {
    this.#answer = answer
    this.#health = health
  }

  async health(): Promise<object> {
    const found = await this.#health.isHealthy('redis')
    if (found.redis.status === 'up') return found
    throw new HttpException(found, 503)
  }

  live(): string {
    return 'alive'
  }

  async start(
    id: string,
    type: string,
    query: Omit<StartRequest, 'id' | 'type'>,
    authorization: string | undefined,
  ): Promise<object> {
    const { status, body } = await this.#answer({ ...query, id, type }, authorization)
    if (status === 200) return body
    throw new HttpException(body, status)
  }
}

// Node strips types and knows no decorators, so they are called as the functions that they are.
const route = (method: 'health' | 'live' | 'start', decorate: MethodDecorator): void => {
  const descriptor = Object.getOwnPropertyDescriptor(JobsController.prototype, method)
  if (descriptor !== undefined) decorate(JobsController.prototype, method, descriptor)
}
Controller()(JobsController)
Inject(ANSWER)(JobsController, undefined, 0)
Inject(HoldfastHealthIndicator)(JobsController, undefined, 1)
route('health', Get('health'))
route('live', Get('live'))
route('start', Post('reviews/:id/jobs/:type'))
route('start', HttpCode(200))
Param('id')(JobsController.prototype, 'start', 0)
Param('type')(JobsController.prototype, 'start', 1)
Query()(JobsController.prototype, 'start', 2)
Headers('authorization')(JobsController.prototype, 'start', 3)

class AppModule {}
Module({})(AppModule)

export async function openNest(holdfast: Holdfast, answer: AnswerTo): Promise<Service> {
  const module: DynamicModule = {
    module: AppModule,
    imports: [HoldfastModule.forRoot({ holdfast, http: { scope: 'global' } })],
    controllers: [JobsController],
    providers: [{ provide: ANSWER, useValue: answer }],
  }
  const app = await NestFactory.create(module, { logger: false, forceCloseConnections: true })
  await app.listen(0, '127.0.0.1')
  const { port } = app.getHttpServer().address() as AddressInfo
  return { port, close: () => app.close() }
}
