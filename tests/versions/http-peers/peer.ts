import type { KitRoute } from '@holdfast/test-http-conformance'
import type { Middleware, Request, Response } from './express.ts'

/** What the handler of a route does. */
export type Handler = (request: Request, response: Response) => Promise<void>

/** A library, as its README says to use it with Express. */
export interface Peer {
  /** Resolves when it is connected to Redis. */
  connect(redisUrl: string): Promise<Protect>
}

/** The handlers of one route of the contract, in the order in which Express calls them. */
export type Protect = (name: string, route: KitRoute, handle: Handler) => Middleware[]

export const tenantOf = ({ headers }: Request): string => String(headers['x-tenant'] ?? 'kit')

export const keyOf = ({ headers }: Request): string | undefined =>
  headers['idempotency-key'] as string | undefined

/** The headers that an app keeps with its answers. */
export const KEPT_HEADERS: readonly string[] = [
  'content-type',
  'location',
  'etag',
  'last-modified',
  'link',
  'cache-control',
]

/** What Holdfast keeps by default, for the libraries that have the option. */
export const isKept = (status: number): boolean =>
  status < 500 && ![401, 403, 408, 409, 425, 429].includes(status)
