import type { Replacement } from '../../../storage/values.ts'
import type { Command } from '../simulated-server.ts'

/** A command that does many keys, as so many commands of one key, with what each was answered. */
export function eachKey(command: Command, reply: unknown): readonly (readonly [Command, unknown])[] {
  const { facet, op, args } = command
  const [first, second, ...more] = args
  const replies = reply as readonly unknown[]
  if (facet === 'values' && op === 'reserveMany')
    return (first as readonly string[]).map((key, i) => [
      { ...command, op: 'reserve', args: [key, second, ...more] },
      replies[i],
    ])
  if (facet === 'values' && op === 'replaceMany')
    return (second as readonly Replacement[]).map(({ key, value, ttlMs }, i) => [
      { ...command, op: 'replace', args: [key, first, value, ttlMs] },
      replies[i],
    ])
  return [[command, reply]]
}
