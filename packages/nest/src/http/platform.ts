import type {
  CaptureLimits,
  HttpRequestFacts,
  HttpResponse,
  HttpResponseHeaders,
  IdempotentRequest,
  NodeResponse,
} from '@holdfast/http'

/** One request and its response, as the platform under Nest has them. */
export interface Platform {
  /** The framework's own request, for the resolvers of the options. */
  readonly request: object
  /** The framework's own response. */
  readonly response: object
  /** Node's response under it. */
  readonly raw: NodeResponse
  facts(): Promise<HttpRequestFacts>
  setHeaders(headers: HttpResponseHeaders): void
  /** Sends this very answer. What interceptors, filters or Nest itself send after it is ignored. */
  answer(response: HttpResponse): Promise<void>
  /** Whether something else has answered: a watchdog, say. */
  isAnswered(): boolean
  /** Resolves when its answer was sent. What is sent after it is ignored, as with {@link answer}. */
  ignoreOthers(): Promise<void>
  /** Reports what is going to be sent, before it is. */
  capture(handled: IdempotentRequest, limits: CaptureLimits): void
}
