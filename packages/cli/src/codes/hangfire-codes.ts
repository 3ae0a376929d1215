import type { HoldfastErrorCode } from '@holdfast/core'
import { type Explanations, explained } from './explanation.ts'

export type HangfireErrorCode = Extract<HoldfastErrorCode, `HANGFIRE_${string}`>

/** `HangfireWarningCode` of `@holdfast/hangfire-compat`. */
export type HangfireWarningCode = 'HANGFIRE_QUEUE_UNSERVED' | 'HANGFIRE_INTERFACE_IN_DOTNET_QUEUE'

export const HANGFIRE_ERRORS: Explanations<HangfireErrorCode> = explained(
  { kind: 'error', from: '@holdfast/hangfire-compat' },
  {
    HANGFIRE_UNREADABLE: [
      "Data in Redis does not follow Hangfire's format; error.stored is the text. Nothing was changed.",
      'Find the program that wrote it. holdfast-hangfire check lists all such data.',
    ],
    HANGFIRE_UNSUPPORTED: [
      'The data is of a version or feature of Hangfire that the package does not know. Nothing was changed.',
      'Change it with .NET.',
    ],
    HANGFIRE_DIALECT_UNKNOWN: [
      'The prefix does not show how its .NET application writes dates or type names. Nothing was written.',
      'Pass dates and typeNames, or start the .NET application first.',
    ],
    HANGFIRE_JOB_MISSING: [
      'Redis does not have the job that another one was to wait for. Nothing was written.',
      'Call continueWith within a day of the end of the parent: Hangfire keeps it for that long.',
    ],
  },
)

export const HANGFIRE_WARNINGS: Explanations<HangfireWarningCode> = explained(
  { kind: 'warning', from: '@holdfast/hangfire-compat' },
  {
    HANGFIRE_QUEUE_UNSERVED: [
      'A job went to a queue that no server listens on. It was created, and waits.',
      'Start a server with that queue, or correct the queue of the definition.',
    ],
    HANGFIRE_INTERFACE_IN_DOTNET_QUEUE: [
      'A job of an interface went to a queue of .NET, which takes it, fails to make an instance, and tries ten times.',
      'Give it a queue that only Node listens on.',
    ],
  },
)
