import { FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { describe, it } from 'vitest'
import { describeWorldsAtOnce } from '../src/describe-worlds.ts'
import { PREFIX } from '../src/prefix.ts'
import { runCli } from '../src/run-cli.ts'
import { twoWorlds } from '../src/world-kinds.ts'
import { untilCommitted } from '../src/until-committed.ts'

/** It acknowledges a job before it writes how the job ended. */
const acknowledgesFirst = twoWorlds.filter(({ storage }) => storage === '1.12.0')

describe('a job that .NET loses for ever, when it dies right after its acknowledgement', () => {
  describeWorldsAtOnce(acknowledgesFirst, (world) => {
    it('is found by check, and healed by a requeue', async ({ expect }) => {
      const { admin, drive, hangfire, redis, serve } = world()
      await using proxy = await FaultProxy.start({ target: { port: redis.port } })
      const doomed = await serve({ port: proxy.port, workers: 1 })
      const acknowledged = proxy.once(matchCommand('lrem', 'dequeued'), 'hold-reply')
      const id = await drive.enqueue('add')
      await acknowledged.hit
      await expect.poll(() => admin.exists(`${PREFIX}queue:default:dequeued`)).toBe(0)
      await doomed.stop('SIGKILL')
      expect((await drive.show(id)).state?.Name).toBe('Processing')

      // Another server removes the dead one: nothing looks after its job any more.
      const server = await serve({ serverTimeoutSeconds: 5, serverCheckSeconds: 1, heartbeatSeconds: 1 })
      const { pid } = await server.until('started')
      await expect
        .poll(async () => (await drive.stats()).servers.map(({ Name }) => Name.split(':')[1]))
        .toEqual([String(pid)])
      const check = await runCli('check', redis.url, '--json')
      const { findings } = JSON.parse(check.out) as {
        readonly findings: readonly { readonly code: string; readonly subjects?: unknown }[]
      }
      const orphans = findings.filter(({ code }) => code === 'ORPHANED_JOB')
      expect(JSON.stringify(orphans)).toContain(id)

      expect(await hangfire().jobs.requeue(id)).toBe(true)
      await untilCommitted(world(), server, id, 'Succeeded')
      await expect.poll(async () => (await drive.show(id)).state?.Name).toBe('Succeeded')
      expect((await runCli('check', redis.url, '--json')).out).not.toContain('ORPHANED_JOB')
    })
  })
})
