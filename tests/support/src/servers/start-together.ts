/** Starts several at once; if one fails, those that did start are stopped before the error is thrown. */
export async function startTogether<T extends { stop(): Promise<void> }>(
  count: number,
  start: (index: number) => Promise<T>,
): Promise<T[]> {
  const outcomes = await Promise.allSettled(
    Array.from({ length: count }, async (_, index) => await start(index)),
  )
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return started
  await stopTogether(started)
  throw failed.reason
}

export async function stopTogether(servers: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(servers.map(async (server) => await server.stop()))
}
