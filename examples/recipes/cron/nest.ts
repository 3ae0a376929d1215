// #region service
import 'reflect-metadata'
import { Injectable } from '@nestjs/common'
import { Cron } from '@nestjs/schedule'
import { OncePerSlot, currentExecution } from '@holdfast/nest'
import { work } from '../work.ts'
import { localDay } from './local-day.ts'

const { CRON, NIGHTLY, EVERY_MS = '600000' } = process.env

@Injectable()
export class Reports {
  // Multiples of ten minutes since 1970: each instance takes the one that is nearest to the storage's clock.
  @Cron(CRON ?? '0 */10 * * * *')
  @OncePerSlot('rates', { everyMs: Number(EVERY_MS) })
  async rates(): Promise<void> {
    await work(`rates ${currentExecution()?.jobKey}`, currentExecution()?.signal)
  }

  // Nest does not say for which instant it has fired. At 03:00 all instances agree on the day.
  @Cron(NIGHTLY ?? '0 0 3 * * *', { timeZone: 'Europe/Berlin' })
  @OncePerSlot('report', () => ({ id: localDay('Europe/Berlin'), everyMs: 86_400_000 }), { maxAttempts: 3 })
  async report(): Promise<void> {
    await work(`report ${currentExecution()?.jobKey}`, currentExecution()?.signal)
  }
}
// #endregion

// #region module
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ScheduleModule } from '@nestjs/schedule'
import { HoldfastModule } from '@holdfast/nest'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const { REDIS_URL, HOLDFAST_PREFIX = 'shop', LEASE_MS = '30000' } = process.env
const redis = new Redis(REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', (error) => console.error('Redis:', error.message))

@Module({
  imports: [
    ScheduleModule.forRoot(),
    HoldfastModule.forRoot({
      storage: ioredisStorage(redis),
      prefix: HOLDFAST_PREFIX,
      idempotency: { leaseMs: Number(LEASE_MS) },
    }),
  ],
  providers: [Reports],
})
export class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] })
process.once('SIGTERM', async () => {
  await app.close()
  redis.disconnect()
})
console.log('started')
// #endregion
