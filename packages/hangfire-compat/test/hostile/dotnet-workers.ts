import type { DotnetRetry } from '../peer/dotnet-jobs.ts'
import type { DotnetPeer } from '../peer/dotnet-peer.ts'
import type { DotnetOutcome, FetchedJob } from '../peer/dotnet-server.ts'

/** Workers of .NET, and the jobs that they are in the middle of. */
export class DotnetWorkers {
  readonly #held = new Map<string, number>()
  readonly #peer: DotnetPeer
  readonly #queues: readonly string[]
  readonly #outcome: () => DotnetOutcome
  readonly #retry: DotnetRetry

  constructor(
    peer: DotnetPeer,
    queues: readonly string[],
    outcome: () => DotnetOutcome,
    retry: DotnetRetry = { attempts: 2, delayMs: 0, onExceeded: 'fail' },
  ) {
    this.#peer = peer
    this.#queues = queues
    this.#outcome = outcome
    this.#retry = retry
  }

  get inHands(): ReadonlySet<string> {
    return new Set([...this.#held].flatMap(([id, times]) => (times > 0 ? [id] : [])))
  }

  /** One job; false when there was none. */
  async turn(): Promise<boolean> {
    const { server } = this.#peer
    const job = await server.fetch(this.#queues)
    if (job === undefined) return false
    const { id } = job
    // Two may have one, after a requeue.
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1)
    await this.#run(job)
    this.#held.set(id, (this.#held.get(id) ?? 0) - 1)
    return true
  }

  async #run(job: FetchedJob): Promise<void> {
    const { server } = this.#peer
    const workerId = await server.start(job)
    if (workerId === undefined) return
    await server.finish(job, this.#outcome(), this.#retry)
  }
}
