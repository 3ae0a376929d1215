/** What IMonitoringApi says, as the program in tests/dotnet prints it. Members of Hangfire's have its names, with a capital. */
export interface SaidPages {
  readonly at: number
  readonly statistics: Readonly<Record<string, number | null>>
  /** By outcome: how many in a day, or in an hour. */
  readonly days: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly hours: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly servers: readonly { readonly Name: string }[]
  readonly queues: readonly { readonly Name: string; readonly enqueued: unknown; readonly fetched: unknown }[]
  readonly scheduled: readonly { readonly id: string; readonly job: string | null }[]
  readonly processing: readonly { readonly id: string; readonly StartedAt?: unknown }[]
  readonly succeeded: readonly object[]
  readonly failed: readonly object[]
  readonly deleted: readonly object[]
  readonly awaiting: unknown
  readonly retries: readonly string[]
  readonly recurring: readonly object[]
}

export interface SaidJob {
  readonly id: string
  readonly exists: boolean
  readonly job: string | null
  readonly queue: string | null
  readonly loadError: string | null
  /** JSON. */
  readonly arguments: string | null
  readonly createdAt: string | null
  readonly properties: Readonly<Record<string, string>> | null
  readonly state: {
    readonly Name: string
    readonly Reason: string | null
    readonly Data: Readonly<Record<string, string>>
  } | null
  readonly history:
    | readonly {
        readonly StateName: string
        readonly Reason: string | null
        readonly CreatedAt: string
        readonly Data: Readonly<Record<string, string>>
      }[]
    | null
}
