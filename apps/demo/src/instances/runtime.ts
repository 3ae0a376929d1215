import { type Holdfast, type Storage, type TraceContextHooks, createHoldfast } from '@holdfast/core'
import { pino } from 'pino'
import { hostNow } from '../clock.ts'
import type { PageNews } from '../events/page-event.ts'
import type { ReviewerMode } from '../events/page-event.ts'
import { type AroundCheckout, guardedBy } from '../jobs/guarded-work.ts'
import { openService } from './service/service.ts'
import type { EffectsOptions } from '../store/effects.ts'
import { openStore } from '../store/store.ts'
import { createCalls } from './calls.ts'
import { startCleanUp } from './clean-up.ts'
import { withHoldfast, withoutHoldfast } from './guard.ts'
import { type JobRunner, createJobRunner } from './job-runner.ts'
import type { HangfireServerParts, serveHangfire } from './hangfire-server.ts'
import { listen } from './listen.ts'
import { readLogLine } from './log-lines.ts'
import type { InstanceSettings, Reports } from './messages.ts'
import { openReviewing } from './reviewing.ts'
import type { Tell } from './telling.ts'

/** A copy of the service at work in this process. */
export interface InstanceRuntime extends JobRunner {
  /** Undefined: the control run, without Holdfast. */
  readonly holdfast: Holdfast | undefined
  /** Where it takes requests; undefined: it is no service. */
  readonly port: number | undefined
  /** How its reviewer works from now on. */
  setReviewer(mode: ReviewerMode): void
  /** Aborts what runs, gives it a moment to settle, and lets go of everything that was opened here. */
  close(): Promise<void>
}

/** How long jobs may take to notice that they are to end. */
const GRACE_MS = 2_000

/** What some instances have besides. */
export interface RuntimeExtras {
  readonly traceContext?: TraceContextHooks | undefined
  readonly aroundCheckout?: AroundCheckout
  readonly effects?: EffectsOptions
}

/** @param storage undefined: the control run, without Holdfast */
export async function startRuntime(
  settings: InstanceSettings,
  storage: Storage | undefined,
  reports: Reports,
  { traceContext, aroundCheckout, effects }: RuntimeExtras = {},
): Promise<InstanceRuntime> {
  const { name: instance, client, databasePath, logPath, leaseMs, windowMs } = settings
  const holdfast =
    storage && createHoldfast({ storage, prefix: 'AIReview', instance, idempotency: { traceContext } })
  const store = openStore(databasePath, effects)
  // Written at once, so that the last words of an instance that is killed are there.
  const destination = pino.destination({ dest: logPath, sync: true, mkdir: true })
  const told = settings.tells === true ? reports.onTold : undefined
  const tell = told && teller(instance, told)
  const streams = [{ stream: destination }, ...(tell ? [{ stream: tell.logStream }] : [])]
  const log = pino({ base: { instance, client, pid: process.pid } }, pino.multistream(streams))
  const guarded = holdfast && guardedBy(holdfast, aroundCheckout)
  const { reviewer, setMode } = await openReviewing({ settings, store, holdfast, guarded })
  const stopping = new AbortController()
  const calls = tell && createCalls(leaseMs, tell.say)
  const stopListening = calls && told && listen(instance, calls, told)
  const { fire, start } = createJobRunner({
    settings,
    guard: holdfast
      ? withHoldfast(holdfast.idempotency, leaseMs, windowMs)
      : withoutHoldfast(stopping.signal),
    store,
    reviewer,
    log,
    reports,
    calls,
    guarded,
  })
  if (holdfast !== undefined) await untilUsable(holdfast)
  const { framework, cleanUp } = settings
  const stopCleaning =
    holdfast && cleanUp && startCleanUp({ settings: cleanUp, instance, holdfast, store, log })
  const service = holdfast && framework && (await openService(framework, holdfast, start, settings.key))
  const hangfire = holdfast && (await openHangfire({ settings, reports, holdfast, start }))
  return {
    fire,
    start,
    holdfast,
    port: service?.port,
    setReviewer: setMode,
    async close() {
      stopping.abort(new Error('The instance ends.'))
      stopCleaning?.()
      // Callers that wait get their answer from the end of what they wait for.
      await Promise.all([hangfire?.stop(GRACE_MS), service?.close(), holdfast?.close({ graceMs: GRACE_MS })])
      hangfire?.close()
      stopListening?.()
      store.close()
      destination.end()
    },
  }
}

/** Undefined: it runs no jobs of Hangfire. */
async function openHangfire({
  settings: { hangfire, client, leaseMs },
  reports: { openReview },
  ...parts
}: Pick<HangfireServerParts, 'holdfast' | 'start'> & {
  readonly settings: InstanceSettings
  readonly reports: Reports
}): Promise<Awaited<ReturnType<typeof serveHangfire>> | undefined> {
  if (hangfire === undefined || openReview === undefined || client === 'memory') return undefined
  // Only an instance that has such jobs needs the package for them.
  const { serveHangfire } = await import('./hangfire-server.ts')
  return await serveHangfire({ ...parts, settings: hangfire, client, leaseMs, openReview })
}

/** How an instance tells by itself what core does not publish. */
function teller(instance: string, tell: Tell) {
  const event = (at: number, news: PageNews): void =>
    tell({ kind: 'event', event: { at, source: instance, ...news } })
  return {
    say: (news: PageNews): void => event(hostNow(), news),
    logStream: {
      write(line: string): void {
        const { at, news } = readLogLine(instance, line)
        event(at, news)
      },
    },
  }
}

/** On a machine that has too much to do, the first answer may come late. */
const LOOKS = 5

/** Ready means that the storage answers, and does what it is asked. */
async function untilUsable(holdfast: Holdfast): Promise<void> {
  for (let looksLeft = LOOKS; ; looksLeft--) {
    const { status, findings, error } = await holdfast.health()
    if (status === 'up') return
    const why = findings.find(({ stopsWork }) => stopsWork)?.message ?? 'The storage does not answer.'
    if (status === 'degraded' || looksLeft === 1) throw error ?? new Error(why)
  }
}
