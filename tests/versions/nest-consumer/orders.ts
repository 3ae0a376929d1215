import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  type PipeTransform,
  Post,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { memoryStorage } from '@holdfast/core'
import {
  Cache,
  CacheEvict,
  Cached,
  HoldfastHealthIndicator,
  HoldfastModule,
  Idempotency,
  Idempotent,
  IdempotentJob,
  InjectLocks,
  Locked,
  Locks,
  currentExecution,
  currentLease,
} from '@holdfast/nest'

/** A service as its users write it, in a CommonJS project with Nest's own compiler settings. */
@Injectable()
export class Orders {
  placed = 0
  loads = 0

  constructor(
    readonly locks: Locks,
    readonly idempotency: Idempotency,
    readonly cache: Cache,
    @InjectLocks('other') readonly otherLocks: Locks,
  ) {}

  @Locked((id: string) => `order:${id}`)
  @IdempotentJob('place', (id: string) => id)
  async place(id: string): Promise<string> {
    this.placed += 1
    return `${id} under ${currentLease()?.name}, attempt ${currentExecution()?.attempt}`
  }

  @Cached((id: string) => id, { prefix: 'order', ttlMs: 60_000 })
  async find(id: string): Promise<{ id: string; loads: number }> {
    this.loads += 1
    return { id, loads: this.loads }
  }

  @CacheEvict((id: string) => id, { prefix: 'order' })
  async change(id: string): Promise<string> {
    return id
  }
}

class Amount implements PipeTransform {
  transform(body: { amount?: unknown } | undefined): { amount: number } {
    if (typeof body?.amount !== 'number') throw new BadRequestException('amount must be a number')
    return { amount: body.amount }
  }
}

@Injectable()
class SignedIn implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return (
      context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x-user'] !== undefined
    )
  }
}

@Controller('orders')
export class OrdersController {
  handled = 0

  constructor(readonly orders: Orders) {}

  @Post(':id')
  @UseGuards(SignedIn)
  @Idempotent({ scope: (request: { headers: Record<string, string> }) => String(request.headers['x-user']) })
  async place(@Param('id') id: string, @Body(new Amount()) { amount }: { amount: number }): Promise<object> {
    this.handled += 1
    return { id, amount, handled: this.handled, placed: await this.orders.place(id) }
  }
}

@Controller('health')
export class HealthController {
  constructor(
    readonly health: HealthCheckService,
    readonly holdfast: HoldfastHealthIndicator,
  ) {}

  @Get()
  check(): Promise<object> {
    return this.health.check([() => this.holdfast.isHealthy('storage')])
  }
}

@Module({
  imports: [
    TerminusModule,
    HoldfastModule.forRootAsync({ useFactory: async () => ({ storage: memoryStorage() }) }),
    HoldfastModule.forRoot({ name: 'other', storage: memoryStorage(), prefix: 'other' }),
  ],
  providers: [Orders],
  controllers: [OrdersController, HealthController],
})
export class OrdersModule {}
