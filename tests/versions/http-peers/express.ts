/** As much of Express as the apps here use; peers whose types do not fit are described likewise. */
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http'

export interface Request {
  readonly method: string
  readonly path: string
  readonly originalUrl: string
  readonly headers: IncomingHttpHeaders
  readonly query: unknown
  readonly body?: unknown
}

export interface Response extends ServerResponse {
  status(code: number): this
  set(headers: Readonly<Record<string, string | string[]>>): this
  json(body: unknown): this
  send(body: unknown): this
}

export type Next = (error?: unknown) => void
export type Middleware = (request: Request, response: Response, next: Next) => unknown
type ErrorHandler = (error: Error & { status?: number }, ...rest: Parameters<Middleware>) => void

export interface App {
  use(handler: Middleware | ErrorHandler): void
  get(path: string, ...handlers: Middleware[]): void
  post(path: string, ...handlers: Middleware[]): void
  patch(path: string, ...handlers: Middleware[]): void
  listen(port: number, host: string): Server
}

export interface Express {
  (): App
  json(options: { limit: number }): Middleware
  text(options: { limit: number }): Middleware
}

/** By name, for none of them has types that hold with ours. */
export async function load<T>(name: string): Promise<T> {
  const module = (await import(name)) as T & { default?: T }
  return module.default ?? module
}
