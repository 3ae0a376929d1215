export const features = ['idempotency', 'locks'] as const

export type Feature = (typeof features)[number]

/** The module with the feature's workload. */
export function workloadOf(feature: Feature): URL {
  return new URL(`${feature}.ts`, import.meta.url)
}
