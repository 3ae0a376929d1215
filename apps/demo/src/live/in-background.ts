import type { News } from './news.ts'

/** Lets the work go on by itself, and logs what it fails with: a rejection without a handler would end the whole demo. */
export function inBackground(news: Pick<News, 'log'>, what: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    news.log('error', `${what}: ${error instanceof Error ? error.message : String(error)}`)
  })
}
