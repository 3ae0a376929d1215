/**
 * Why there is no connection; the message is one line for people, and shows no password.
 *
 * - `url`: the URL cannot be used.
 * - `noClient`: neither client library is installed.
 * - `unreachable`: Redis cannot be reached, or refuses the connection.
 */
export class ConnectError extends Error {
  readonly reason: 'url' | 'noClient' | 'unreachable'

  constructor(reason: ConnectError['reason'], message: string) {
    super(message)
    this.name = 'ConnectError'
    this.reason = reason
  }
}
