import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = readFileSync(join(import.meta.dirname, '../../../docs/features/hangfire.md'), 'utf8')

/** The rules of `ACL SETUSER` that docs/features/hangfire.md gives a user. */
export function documentedRights(user: 'jobs' | 'worker' | 'locks'): string[] {
  const [, first, rest] = new RegExp(`\`ACL SETUSER ${user} ([^\`]+)\` and\\s+\`([^\`]+)\``).exec(page) ?? []
  if (first === undefined || rest === undefined)
    throw new Error(`docs/features/hangfire.md gives ${user} no rights`)
  return `${first} ${rest}`.split(/\s+/)
}
