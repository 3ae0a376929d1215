import { Controller, type INestApplicationContext, Post, type Type } from '@nestjs/common'
import {
  AbstractGraphQLDriver,
  Field,
  GraphQLModule,
  GraphQLSchemaHost,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  ResolveReference,
  Resolver,
  Subscription,
} from '@nestjs/graphql'
import { EventPattern, GrpcMethod, MessagePattern, Server } from '@nestjs/microservices'
import { WsAdapter } from '@nestjs/platform-ws'
import { Test, type TestingModule } from '@nestjs/testing'
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets'
import { memoryStorage } from '@holdfast/core'
import { HoldfastModule, Idempotent } from '@holdfast/nest'
import { describe, expect, it } from 'vitest'

/** Receives nothing. */
class Silent extends Server {
  listen(callback: () => void): void {
    callback()
  }
  close(): void {}
  on(): void {}
  unwrap<T>(): T {
    return undefined as T
  }
}

/** Serves nothing, but its schema is made. */
class SilentDriver extends AbstractGraphQLDriver {
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

interface Parts {
  readonly imports?: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>
  readonly controllers?: Type[]
  readonly providers?: Type[]
}

function compiled({ imports = [], ...parts }: Parts): Promise<TestingModule> {
  const holdfast = HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: 'global' } })
  return Test.createTestingModule({ imports: [holdfast, ...imports], ...parts }).compile()
}

/** An app of HTTP, WebSockets and messages. */
async function hybrid(parts: Parts): Promise<INestApplicationContext> {
  const module = await compiled(parts)
  const app = module.createNestApplication({ logger: false })
  app.useWebSocketAdapter(new WsAdapter(app))
  app.connectMicroservice({ strategy: new Silent() })
  await app.startAllMicroservices()
  return app.init()
}

/** An app of messages alone. */
async function microservice(parts: Parts): Promise<INestApplicationContext> {
  const module = await compiled(parts)
  const app = module.createNestMicroservice({ strategy: new Silent(), logger: false })
  await app.listen()
  return app
}

/** A class with one handler, `handle`, that has these decorators. */
function decorated(handlers: readonly MethodDecorator[], classes: readonly ClassDecorator[]): Type {
  class Orders {
    handle(): string {
      return 'done'
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, 'handle') as PropertyDescriptor
  for (const decorate of handlers) decorate(Orders.prototype, 'handle', descriptor)
  Object.defineProperty(Orders.prototype, 'handle', descriptor)
  for (const decorate of classes) decorate(Orders)
  return Orders
}

/** Why it did not start. */
async function refusal(starting: Promise<INestApplicationContext>): Promise<string> {
  try {
    await (await starting).close()
  } catch (error) {
    return (error as Error).message
  }
  return 'It started.'
}

const onlyRequests = /^@Idempotent on Orders\.handle: only handlers of HTTP requests/

describe.for<[string, MethodDecorator]>([
  ['@MessagePattern', MessagePattern('orders')],
  ['@EventPattern', EventPattern('ordered') as MethodDecorator],
  ['@GrpcMethod', GrpcMethod('Orders', 'Handle')],
])('@Idempotent on a handler of %s is refused', ([, pattern]) => {
  it.for([
    ['a hybrid app', hybrid],
    ['a microservice', microservice],
  ] as const)('by %s', async ([, start]) => {
    for (const handlers of [
      [pattern, Idempotent()],
      [Idempotent(), pattern],
      [Post(), pattern, Idempotent()],
    ]) {
      expect(await refusal(start({ controllers: [decorated(handlers, [Controller()])] }))).toMatch(
        onlyRequests,
      )
    }
    const controllers = [decorated([pattern], [Controller(), Idempotent()])]
    expect(await refusal(start({ controllers }))).toMatch(/@Idempotent on Orders protects nothing/)
    await (await start({ controllers: [decorated([pattern], [Controller()])] })).close()
  })
})

it('@Idempotent on a handler of a WebSocket is refused', async () => {
  const [gateway, subscribe] = [WebSocketGateway({ path: '/ws' }), SubscribeMessage('orders')]
  for (const handlers of [
    [subscribe, Idempotent()],
    [Idempotent(), subscribe],
    [Post(), subscribe, Idempotent()],
  ]) {
    expect(await refusal(hybrid({ providers: [decorated(handlers, [gateway])] }))).toMatch(onlyRequests)
  }
  const providers = [decorated([subscribe], [gateway, Idempotent()])]
  expect(await refusal(hybrid({ providers }))).toMatch(/@Idempotent on Orders protects nothing/)
  await (await hybrid({ providers: [decorated([subscribe], [gateway])] })).close()
})

describe('@Idempotent on GraphQL', () => {
  @ObjectType()
  class Order {
    @Field(() => String)
    id = ''
  }
  @Resolver(() => Order)
  class Orders {
    @Query(() => Order)
    order(): Order {
      return new Order()
    }
  }
  const imports = [GraphQLModule.forRoot({ driver: SilentDriver, autoSchemaFile: true })]

  it.for<[string, MethodDecorator]>([
    ['@Mutation', Mutation(() => String)],
    ['@Query', Query(() => String)],
    ['@Subscription', Subscription(() => String)],
    ['@ResolveField', ResolveField(() => String)],
    ['@ResolveReference', ResolveReference()],
  ])('is refused on %s', async ([, operation]) => {
    const resolver = Resolver(() => Order)
    for (const handlers of [
      [operation, Idempotent()],
      [Idempotent(), operation],
      [Post(), operation, Idempotent()],
    ]) {
      const providers = [Orders, decorated(handlers, [resolver])]
      expect(await refusal(hybrid({ imports, providers }))).toMatch(onlyRequests)
    }
    const refused = [Orders, decorated([operation], [resolver, Idempotent()])]
    expect(await refusal(hybrid({ imports, providers: refused }))).toMatch(/Orders protects nothing/)
    const app = await hybrid({ imports, providers: [Orders, decorated([operation], [resolver])] })
    // What was refused above is part of the schema here.
    const { schema } = app.get(GraphQLSchemaHost)
    const types = [
      schema.getMutationType(),
      schema.getQueryType(),
      schema.getSubscriptionType(),
      schema.getType('Order'),
    ]
    const fields = types.flatMap((type) =>
      type !== null && type !== undefined && 'getFields' in type ? Object.keys(type.getFields()) : [],
    )
    expect(fields).toContain('handle')
    await app.close()
  })
})
