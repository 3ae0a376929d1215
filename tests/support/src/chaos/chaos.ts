import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RedisNode } from '../servers/redis-node.ts'
import { Replicated } from '../servers/replicated.ts'
import { temporaryDirectory } from '../servers/temporary-directory.ts'
import { checkLiveness } from './checks/liveness.ts'
import type { Violation } from './checks/violation.ts'
import { figuresOf, type Figures, type HistoryFigures } from './figures.ts'
import { type History, historyOf, readWitness } from './history.ts'
import { judge } from './judge.ts'
import { LedgerServer } from './ledger.ts'
import { unleash } from './nemesis/nemesis.ts'
import { type FaultName, losingFaults, planFaults, serverFaults, workerFaults } from './nemesis/schedule.ts'
import { clock, Witness } from './witness.ts'
import { Worker } from './worker.ts'
import type { Workload } from './workload.ts'

export interface ChaosOptions {
  /** The module that exports the `workload` to run. */
  readonly workload: URL
  /** The only source of randomness. Processes and networks still differ between two runs. */
  readonly seed: number
  /** How long the nemesis causes faults. The run takes a few seconds more. */
  readonly durationMs: number
  /** Default: 6. */
  readonly workers?: number
  /** Default: all faults that lose no acknowledged write; with `losesWrites` those that do as well. */
  readonly faults?: readonly FaultName[]
  readonly losesWrites?: boolean
  /** The greatest pause between two faults. Default: 300. */
  readonly gapMs?: number
  /**
   * Whether enough has happened. While it returns false the workers continue after the faults, for a minute at most: a slow
   * machine needs longer for the same number of events. Default: true.
   */
  readonly enough?: (figures: HistoryFigures) => boolean
  /** A directory for the witnessed events of a run with a violation. Default: none, they are deleted. */
  readonly evidence?: string
}

export interface ChaosReport {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly figures: Figures
}

/** How long a worker may take to finish. Seconds are enough, except on a busy machine. */
const STOP_GRACE_MS = 60_000
/** How long to wait for enough to happen. */
const PATIENCE_MS = 60_000

/**
 * Lets worker processes use one Redis while a nemesis injects faults into them, into Redis and into their connections.
 * Then it judges the events that the workers and the ledger witnessed. It ends by itself and cleans up.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const {
    seed,
    durationMs,
    workers: count = 6,
    losesWrites = false,
    gapMs = 300,
    enough = () => true,
  } = options
  const { faults = [...workerFaults, ...serverFaults, ...(losesWrites ? losingFaults : [])] } = options
  const { workload } = (await import(options.workload.href)) as { workload: Workload }
  const directory = temporaryDirectory()
  const witnessPath = join(directory.path, 'witness')
  const ledgerPath = join(directory.path, 'ledger')
  const witness = new Witness(witnessPath, 'runner')
  const workers: Worker[] = []
  try {
    await using servers = await Replicated.start({ durable: true })
    const ledger = await LedgerServer.start(ledgerPath, witness)
    const shared = {
      workload: options.workload.href,
      workers: count,
      startedAt: clock(),
      witnessPath,
      ledgerPath,
    }
    for (let index = 0; index < count; index++) {
      const task = { ...shared, index }
      workers.push(new Worker(await servers.anotherEndpoint(), task, seed + index))
    }

    await everybodyWorks(workers)
    const plan = planFaults(seed, { durationMs, workers: count, faults, gapMs })
    await unleash({ servers, workers }, plan, witness)
    await everybodyWorks(workers)
    await happened(witnessPath, enough)
    const calmAt = clock()
    for (const worker of workers) worker.calm()
    await recovered(witnessPath, calmAt, workload.livenessMs)

    const troubles = await Promise.all(workers.map(async (worker) => await worker.stop(STOP_GRACE_MS)))
    troubles.push(...(await immortalKeys(servers.primary)))
    for (const what of troubles)
      if (what !== undefined) witness.record({ type: 'surprise', at: clock(), what })
    await ledger.stop()

    const history = historyOf(readWitness(witnessPath))
    const violations = judge(history, {
      windowMsOf: (key) => workload.windowMsOf(key),
      liveKeys: keysOwnedBefore(history, calmAt),
      livenessMs: workload.livenessMs,
      calmAt,
    })
    if (options.evidence !== undefined && violations.length > 0) {
      await mkdir(options.evidence, { recursive: true })
      await copyFile(witnessPath, join(options.evidence, `witness-${seed}.jsonl`))
    }
    const processes = workers.reduce((sum, { starts }) => sum + starts, 0)
    return { seed, violations, figures: { processes, ...figuresOf(history) } }
  } finally {
    for (const worker of workers) await worker.stop(0)
    witness.close()
    await directory.remove()
  }
}

async function everybodyWorks(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map(async (worker) => await worker.ready()))
}

/** Settles when enough has happened, and at the latest after a minute; the figures then show what is missing. */
async function happened(witnessPath: string, enough: (figures: HistoryFigures) => boolean): Promise<void> {
  const givenUpAt = performance.now() + PATIENCE_MS
  while (performance.now() < givenUpAt && !enough(figuresOf(historyOf(readWitness(witnessPath)))))
    await delay(200)
}

/** Settles when every key could be acquired again, and at the latest at the liveness bound. */
async function recovered(witnessPath: string, calmAt: number, livenessMs: number): Promise<void> {
  const givenUpAt = performance.now() + livenessMs
  while (performance.now() < givenUpAt) {
    await delay(200)
    const history = historyOf(readWitness(witnessPath))
    if (checkLiveness(history, calmAt, livenessMs, keysOwnedBefore(history, calmAt)).length === 0) return
  }
}

function keysOwnedBefore(history: History, instant: number): string[] {
  return [...history.ownerships].filter(([, [first]]) => first && first.at < instant).map(([key]) => key)
}

/** Every stored key must have an expiry. */
async function immortalKeys(node: RedisNode): Promise<string[]> {
  const keys = (await node.ask('KEYS', '*')) as string[]
  const lives = await Promise.all(keys.map(async (key) => ({ key, ttl: await node.ask('PTTL', key) })))
  return lives.flatMap(({ key, ttl }) => (ttl === -1 ? [`${key} has no time to live`] : []))
}
