import type { FaultProxy } from '@holdfast/test-support/proxy'

/** Names of the commands that passed the proxy while `during` ran, in their order: what the client really sent. */
export async function commandsDuring(
  proxies: readonly FaultProxy[],
  during: () => Promise<unknown>,
): Promise<string[]> {
  const sent: string[] = []
  // A fault that takes no request sees them all.
  const watchers = proxies.map((proxy) =>
    proxy.every(({ name }) => {
      sent.push(name)
      return false
    }, 'cut-request'),
  )
  try {
    await during()
  } finally {
    for (const watcher of watchers) watcher.remove()
  }
  return sent
}
