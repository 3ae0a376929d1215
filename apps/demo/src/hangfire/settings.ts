/** The storage of a Hangfire, as a .NET application has it. */
export interface HangfireSettings {
  /** Of its Redis, with the number of the database as the path. */
  readonly url: string
  /** Of every key. */
  readonly prefix: string
}

/** The same for people: without user and password. */
export function addressOf(url: string): string {
  const { protocol, host, pathname, username, password } = new URL(url)
  return `${protocol}//${username === '' && password === '' ? '' : '…@'}${host}${pathname === '/' ? '' : pathname}`
}
