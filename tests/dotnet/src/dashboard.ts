import type { Redis } from 'ioredis'
import { jobIds } from './job-ids.ts'

/** Hangfire's own dashboard, as a person uses it. */
export interface Dashboard {
  /** Gets every page, that of every job included. Returns those that did not answer 200. */
  brokenPages(): Promise<readonly string[]>
  /** Presses a button of a job's page. */
  press(button: 'requeue' | 'delete', id: string): Promise<void>
}

const PAGES = [
  '',
  '/jobs/enqueued',
  '/jobs/scheduled',
  '/jobs/processing',
  '/jobs/succeeded',
  '/jobs/failed',
  '/jobs/deleted',
  '/jobs/awaiting',
  '/retries',
  '/recurring',
  '/servers',
]

export interface Shown {
  /** Of the server that the dashboard shows. */
  readonly admin: Redis
  readonly prefix: string
}

export function dashboardAt(url: string, { admin, prefix }: Shown): Dashboard {
  async function allPages(): Promise<readonly string[]> {
    const queues = await admin.smembers(`${prefix}queues`)
    const ids = await jobIds(admin, prefix)
    return [
      ...PAGES,
      ...queues.flatMap((queue) => [`/jobs/enqueued/${queue}`, `/jobs/enqueued/fetched/${queue}`]),
      ...ids.map((id) => `/jobs/details/${id}`),
    ]
  }
  return {
    async brokenPages() {
      const broken: string[] = []
      for (const page of await allPages()) {
        const response = await fetch(`${url}${page}`)
        const text = await response.text()
        if (response.status !== 200) broken.push(`${page}: ${response.status} ${text.slice(0, 200)}`)
      }
      return broken
    },
    async press(button, id) {
      const response = await fetch(`${url}/jobs/actions/${button}/${id}`, { method: 'POST' })
      if (response.status !== 204)
        throw new Error(`${button} ${id}: ${response.status} ${await response.text()}`)
    },
  }
}
