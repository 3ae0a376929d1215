// #region recurring
import { createHangfire, defineHangfireJob, t } from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'

const digest = defineHangfireJob({ type: 'Mails', method: 'Digest', queue: 'mails', parameters: [t.string] })

/** In a minute, every working day at seven in Paris, and once now. */
export async function planDigest(redis: Redis): Promise<string | undefined> {
  const hangfire = createHangfire({ client: ioredisClient(redis), prefix: '{node-jobs}:', mode: 'own' })
  try {
    await hangfire.jobs.schedule(digest, ['acme/api'], { delayMs: 60_000 })
    await hangfire.recurring.addOrUpdate('digest', digest, ['acme/web'], '0 7 * * 1-5', {
      timeZone: 'Europe/Paris',
    })
    return await hangfire.recurring.trigger('digest')
  } finally {
    await hangfire.close()
  }
}
// #endregion
