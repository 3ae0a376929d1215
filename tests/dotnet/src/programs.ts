import type { StorageVersion } from './storages.ts'

/** The assembly of each generation, as JSON. */
export const PROGRAMS = 'HOLDFAST_DOTNET_PROGRAMS'
/** What is not there. */
export const MISSING = 'HOLDFAST_DOTNET_MISSING'

/** Why no case can run here, if so. */
export const missing: string | undefined =
  process.env[PROGRAMS] === undefined
    ? (process.env[MISSING] ?? 'the program was not built: `npm run test:dotnet` builds it')
    : undefined

export function programOf(storage: StorageVersion): string {
  const programs = JSON.parse(process.env[PROGRAMS] ?? '{}') as Partial<Record<StorageVersion, string>>
  const program = programs[storage]
  if (program === undefined) throw new Error(`there is no program on storage ${storage}: ${missing}`)
  return program
}
