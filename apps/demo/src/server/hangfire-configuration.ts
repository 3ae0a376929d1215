import * as z from 'zod'
import type { WorldOptions } from '../live/options.ts'

/** No message shows what is in them: they may have a password. */
const redisUrl = z.string().refine(isOneServer, {
  error:
    'cannot be read: write redis://[user:password@]host[:port][/database] of one server, for a Hangfire on a cluster is not ' +
    'served, with %40 for @, %2F for / and %23 for # in a password',
})

const pageUrl = z.string().refine(isPage, {
  error: 'cannot be read: write the address of the dashboard, such as https://jobs.example.org/hangfire',
})

/** Keys of the configuration about a Hangfire that the reviews go through. */
export const HANGFIRE_KEYS = {
  AIREVIEW_HANGFIRE_URL: redisUrl.optional(),
  AIREVIEW_HANGFIRE_PREFIX: z
    .string()
    .regex(
      /^\S{1,100}$/,
      'must be what every key of the Hangfire begins with, without spaces, such as {hangfire}:',
    )
    .default('{hangfire}:'),
  AIREVIEW_HANGFIRE_DASHBOARD: pageUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
}

type Read = z.infer<z.ZodObject<typeof HANGFIRE_KEYS>>

/** @param set the keys that are set */
export function hangfireProblems(
  { AIREVIEW_HANGFIRE_URL: url }: Read,
  isMemory: boolean,
  set: Readonly<Record<string, string>>,
): readonly string[] {
  if (url !== undefined)
    return isMemory
      ? [
          'AIREVIEW_CLIENT is memory, which is one process without Redis, and AIREVIEW_HANGFIRE_URL shares jobs by Redis: leave one of them out',
        ]
      : []
  return (['AIREVIEW_HANGFIRE_PREFIX', 'AIREVIEW_HANGFIRE_DASHBOARD'] as const)
    .filter((key) => set[key] !== undefined)
    .map((key) => `${key} is set, and AIREVIEW_HANGFIRE_URL is not: set that as well, or leave both out`)
}

/** Undefined: the reviews go through no Hangfire. */
export function hangfireOf(read: Read): WorldOptions['hangfire'] {
  const { AIREVIEW_HANGFIRE_URL: url, AIREVIEW_HANGFIRE_PREFIX: prefix } = read
  const { AIREVIEW_HANGFIRE_DASHBOARD: dashboard } = read
  return url === undefined ? undefined : { url, prefix, dashboard: dashboard ?? null }
}

function isOneServer(text: string): boolean {
  if (!/^rediss?:\/\/[^/,]+(\/\d*)?$/.test(text) || !URL.canParse(text)) return false
  return new URL(text).hostname !== ''
}

function isPage(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return /^https?:$/.test(protocol) && username + password + search + hash === ''
}
