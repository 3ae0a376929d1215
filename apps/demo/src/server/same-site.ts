import { isIP } from 'node:net'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether the address that the browser used is one of ours. A page elsewhere can have its own name resolve to this machine, and
 * the browser then takes both for one site (DNS rebinding); it cannot do that with an IP address, or with `localhost`.
 */
export function isOurHost(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false
  const { hostname } = new URL(`http://${host}`)
  const name = hostname.replace(/^\[(.*)\]$/, '$1')
  return isIP(name) !== 0 || name === 'localhost' || names.includes(name)
}

/**
 * Whether a change comes from our own page, or from a program that is no browser. A browser says where a change comes from, and no
 * page can make it say otherwise.
 */
export function isOurOrigin({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return site === undefined || site === 'same-origin'
  return URL.canParse(origin) && new URL(origin).host === host
}
