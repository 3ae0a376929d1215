/** The part of a monitor that is compared: that of `@holdfast/hangfire-compat`, on which nothing here depends. */
export interface Monitor {
  statistics(): Promise<object>
  outcomes(by: 'day' | 'hour', until: number): Promise<{ readonly outcomes: readonly Outcomes[] }>
  servers(): Promise<{ readonly servers: readonly Server[] }>
  queues(): Promise<{
    readonly queues: readonly { readonly name: string; readonly length: number; readonly fetched: number }[]
  }>
  recurring(): Promise<{ readonly recurring: readonly Recurring[] }>
  enqueued(queue: string, page: Page): Promise<Jobs>
  fetched(queue: string, page: Page): Promise<Jobs>
  scheduled(page: Page): Promise<Jobs>
  processing(page: Page): Promise<Jobs>
  succeeded(page: Page): Promise<Jobs>
  failed(page: Page): Promise<Jobs>
  deleted(page: Page): Promise<Jobs>
  retries(page: Page): Promise<Jobs>
  job(id: string): Promise<Details | undefined>
}

interface Page {
  readonly count: number
}

interface Jobs {
  readonly jobs: readonly Entry[]
}

interface Called {
  readonly call?: {
    readonly type: string
    readonly method: string
    readonly arguments: readonly (string | null)[]
    readonly queue?: string
  }
}

interface Entry extends Called {
  readonly id: string
  readonly isInState: boolean
  readonly state?: string
  readonly enqueuedAt?: number
  readonly fetchedAt?: number
  readonly enqueueAt?: number
  readonly serverId?: string
  readonly startedAt?: number
  readonly succeededAt?: number
  readonly performanceMs?: number
  readonly latencyMs?: number
  readonly result?: string
  readonly failedAt?: number
  readonly reason?: string
  readonly exceptionType?: string
  readonly exceptionMessage?: string
  readonly deletedAt?: number
}

interface Outcomes {
  readonly since: number
  readonly succeeded: number
  readonly failed: number
  readonly deleted: number
}

interface Server {
  readonly id: string
  readonly workerCount?: number
  readonly startedAt?: number
  readonly queues: readonly string[]
  readonly heartbeat?: number
}

interface Recurring extends Called {
  readonly id: string
  readonly cron?: string
  readonly timeZone?: string
  readonly queue?: string
  readonly createdAt?: number
  readonly nextExecution?: number
  readonly lastExecution?: number
  readonly lastJobId?: string
  readonly lastJobState?: string
  readonly error?: string
  readonly retryAttempt?: number
}

interface Details extends Called {
  readonly createdAt?: number
  readonly parameters: Readonly<Record<string, string | undefined>>
  readonly stored?: Stored
  readonly history: readonly (Stored & { readonly createdAt?: number })[]
}

interface Stored {
  readonly name: string
  readonly reason?: string | null
  readonly data: object
}
