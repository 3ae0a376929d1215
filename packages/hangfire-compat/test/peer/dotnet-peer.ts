import { DotnetJobs, type QueueAttribute } from './dotnet-jobs.ts'
import { DotnetLocks } from './dotnet-locks.ts'
import { DotnetProcess, type DotnetProcessOptions, type Generation } from './dotnet-process.ts'
import { DotnetSchedulers } from './dotnet-schedulers.ts'
import { DotnetServer } from './dotnet-server.ts'

export { type Generation, generations } from './dotnet-process.ts'

export interface DotnetPeerOptions extends DotnetProcessOptions {
  /** Of its server. Default: `dotnet`. */
  readonly name?: string
  /** `[Queue]` on its methods. Default: no method has one. */
  readonly queueAttribute?: QueueAttribute
}

/**
 * A .NET process with Hangfire, scripted: it sends what was recorded of real ones (see `transcripts.test.ts`), at
 * compatibility level 180 and with simple type names. It knows nothing of this package's source.
 */
export class DotnetPeer implements Disposable {
  readonly process: DotnetProcess
  readonly locks: DotnetLocks
  readonly jobs: DotnetJobs
  readonly server: DotnetServer
  readonly schedulers: DotnetSchedulers

  constructor(url: string, generation: Generation, options: DotnetPeerOptions = {}) {
    this.process = new DotnetProcess(url, generation, options)
    this.locks = new DotnetLocks(this.process)
    this.jobs = new DotnetJobs(this.process, this.locks, options.queueAttribute)
    this.server = new DotnetServer(this.process, this.jobs, options.name)
    this.schedulers = new DotnetSchedulers(this.process, this.locks, this.jobs, this.server)
  }

  /** The value of all its locks. */
  get owner(): string {
    return this.process.owner
  }

  keyOf(resource: string): string {
    return this.process.key(resource)
  }

  acquire(resource: string, timeoutMs: number): Promise<boolean> {
    return this.locks.acquire(resource, timeoutMs)
  }

  extend(resource: string): Promise<boolean> {
    return this.locks.extend(resource)
  }

  release(resource: string): Promise<boolean> {
    return this.locks.release(resource)
  }

  [Symbol.dispose](): void {
    this.process.redis.disconnect()
  }
}
