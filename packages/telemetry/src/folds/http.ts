import type { Fold, FoldContext } from './fold.ts'

/** What is used of `HttpIdempotencyEvent` of `@holdfast/http`; a type test holds it against that. */
export type HttpEvent = { readonly jobType: string } & (
  | { readonly type: 'executed'; readonly recorded: string }
  | { readonly type: 'replayed' }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'bypassed'; readonly reason: string }
)

/** Requests of idempotent routes. */
export class HttpFold implements Fold<HttpEvent> {
  readonly channel = 'holdfast:http'
  readonly #context: FoldContext

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold(event: HttpEvent): void {
    const { measure, bounded } = this.#context
    const job_type = bounded('job_type', event.jobType)
    measure('httpRequests', 1, { job_type, outcome: event.type, reason: bounded('reason', reasonOf(event)) })
  }

  read(): void {}
}

function reasonOf(event: HttpEvent): string {
  switch (event.type) {
    case 'executed':
      return event.recorded
    case 'replayed':
      return ''
    case 'refused':
      return event.code
    case 'bypassed':
      return event.reason
  }
}
