import type { Instance } from './instance.ts'
import type { InstanceSettings, Reports } from './messages.ts'
import { startProcessInstance } from './process-instance.ts'

/** Starts all of them, which `stack` ends, or none. */
export async function startProcesses(
  all: readonly InstanceSettings[],
  reports: Reports,
  stack: AsyncDisposableStack,
): Promise<readonly Instance[]> {
  const started = await Promise.allSettled(all.map((settings) => startProcessInstance(settings, reports)))
  const instances = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  stack.defer(async () => void (await Promise.all(instances.map((instance) => instance.close()))))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return instances
}
