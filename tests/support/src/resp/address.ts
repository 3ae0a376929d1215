import { connect, type Socket } from 'node:net'

/** Where something listens: a port of 127.0.0.1, or a unix socket. */
export type Address = { readonly port: number } | { readonly path: string }

export function connectTo(address: Address): Socket {
  return 'path' in address
    ? connect({ path: address.path })
    : connect({ port: address.port, host: '127.0.0.1' })
}
