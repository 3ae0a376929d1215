import type { Request } from 'express'
import { Body, Controller, Get, Injectable, Post } from '@nestjs/common'
import { Cron } from '@nestjs/schedule'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import {
  Cache,
  CacheEvict,
  Cached,
  HoldfastHealthIndicator,
  Idempotency,
  IdempotentJob,
  Idempotent,
  Locked,
  Locks,
  OncePerSlot,
  currentExecution,
} from '@holdfast/nest'

interface Order {
  readonly id: string
  readonly cart: string
}

interface RequestWithUser extends Request {
  user: { id: string }
}

// #region use
@Injectable()
export class Orders {
  readonly locks: Locks
  readonly idempotency: Idempotency
  readonly cache: Cache

  constructor(locks: Locks, idempotency: Idempotency, cache: Cache) {
    this.locks = locks
    this.idempotency = idempotency
    this.cache = cache
  }

  // One at a time for each cart, on all instances.
  @Locked((cart: string) => `cart:${cart}`)
  async checkOut(cart: string): Promise<Order> {
    return { id: `order-of-${cart}`, cart }
  }

  // Once for each order; a repeated call gets the result.
  @IdempotentJob('invoice', (order: Order) => order.id)
  async makeInvoice(order: Order): Promise<{ number: string }> {
    await currentExecution()?.updateProgress(50, 'drawing the PDF')
    return { number: `INV-${order.id}` }
  }

  // One load for the whole fleet, until it is evicted.
  @Cached((id: string) => id, { prefix: 'order', ttlMs: 60_000 })
  async find(id: string): Promise<Order | null> {
    return { id, cart: 'loaded' }
  }

  // Once a minute of all instances, however late one of them fires.
  @Cron('* * * * *')
  @OncePerSlot('sweep', { everyMs: 60_000 })
  async sweep(): Promise<void> {
    await this.cache.remove('swept')
  }

  @CacheEvict((id: string) => id, { prefix: 'order' })
  async cancel(id: string): Promise<void> {
    await this.locks.run(`order:${id}`, async () => undefined)
  }
}

@Controller('orders')
export class OrdersController {
  readonly orders: Orders

  constructor(orders: Orders) {
    this.orders = orders
  }

  // With an Idempotency-Key: every retry gets the answer of the first.
  @Post()
  @Idempotent()
  async place(@Body() { cart }: { cart: string }): Promise<Order> {
    return this.orders.checkOut(cart)
  }
}
// #endregion

// #region health
@Controller('health')
export class HealthController {
  readonly health: HealthCheckService
  readonly holdfast: HoldfastHealthIndicator

  constructor(health: HealthCheckService, holdfast: HoldfastHealthIndicator) {
    this.health = health
    this.holdfast = holdfast
  }

  @Get()
  check(): Promise<object> {
    return this.health.check([() => this.holdfast.isHealthy('redis')])
  }
}
// #endregion

// #region module
import { Module } from '@nestjs/common'
import { HoldfastModule } from '@holdfast/nest'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

export const redis = new Redis(process.env['REDIS_URL'] ?? 'redis://localhost:6379')
redis.on('error', console.error)

@Module({
  imports: [
    HoldfastModule.forRoot({
      storage: ioredisStorage(redis), // or nodeRedisStorage(client), or memoryStorage()
      prefix: 'shop',
      // Who was authenticated (by a guard of yours), never what a client says of itself.
      http: { scope: (request: RequestWithUser) => request.user.id },
    }),
    TerminusModule,
  ],
  providers: [Orders],
  controllers: [OrdersController, HealthController],
})
export class AppModule {}
// #endregion
