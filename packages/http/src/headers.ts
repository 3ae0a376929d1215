import { checkString } from '@holdfast/core/storage'
import { InvalidArgumentError } from '@holdfast/core'

/** The headers of a request, by their names in lower case. */
export type HttpRequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** Without parameters such as `charset` and `boundary`, in lower case; empty when there is none. */
export function mediaTypeOf(headers: HttpRequestHeaders): string {
  return contentTypeOf(headers).split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

export function contentTypeOf(headers: HttpRequestHeaders): string {
  const value = headers['content-type']
  return (typeof value === 'string' ? value : value?.[0]) ?? ''
}

/** RFC 9110. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** The name of a header as Node gives it. @throws InvalidArgumentError for what no header can be called */
export function headerName(what: string, name: string): string {
  if (TOKEN.test(checkString(what, name))) return name.toLowerCase()
  throw new InvalidArgumentError(`${what} must name a header, not ${JSON.stringify(name)}.`)
}

/** The part of Node's request that shows whether its message has a body. */
export interface NodeMessage {
  readonly headers: HttpRequestHeaders
  readonly httpVersionMajor?: number
  /** HTTP/2's. */
  readonly stream?: { readonly endAfterHeaders?: boolean } | undefined
}

/** Whether the message has a body, read or not: a parser makes `{}` of none, and HTTP/2 need not say its length. */
export function messageHasBody({ headers, httpVersionMajor = 1, stream }: NodeMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers
  if (encoding !== undefined || Number(length ?? 0) > 0) return true
  return httpVersionMajor > 1 && length === undefined && stream?.endAfterHeaders !== true
}
