import type { Fold, FoldContext, Measure } from './fold.ts'

/** What is used of `HangfireServerEvent` and `HangfireWarning` of `@holdfast/hangfire-compat`; a type test holds it against those. */
export type HangfireEvent =
  | { readonly type: 'announced' | 'stopped'; readonly server: string }
  | { readonly type: 'ran'; readonly state: string }
  | { readonly type: 'jobLost' | 'unknownJob' | 'troubled' | 'warned' }

/** Servers of a Hangfire, and the jobs that they ran. */
export class HangfireFold implements Fold<HangfireEvent> {
  readonly channel = 'holdfast:hangfire'
  readonly #context: FoldContext
  readonly #servers = new Set<string>()
  #isUsed = false

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold(event: HangfireEvent): void {
    const { measure, bounded } = this.#context
    switch (event.type) {
      case 'announced':
        this.#isUsed = true
        this.#servers.add(event.server)
        return
      case 'stopped':
        this.#servers.delete(event.server)
        return
      case 'ran':
        return measure('hangfireJobs', 1, { state: bounded('state', event.state) })
      case 'jobLost':
      case 'unknownJob':
      case 'troubled':
      case 'warned':
        return measure('hangfireProblems', 1, { kind: event.type })
    }
  }

  read(_now: number, show: Measure): void {
    if (this.#isUsed) show('hangfireServers', this.#servers.size, {})
  }
}
