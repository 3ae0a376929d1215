import { FINDINGS, type FindingCode, type FindingLevel } from './finding-codes.ts'

/** One kind of finding, however often it was found. */
export interface Finding {
  readonly code: FindingCode
  readonly level: FindingLevel
  readonly message: string
  /** What heals it, or what follows from it. */
  readonly advice: string
  /** How often. */
  readonly count: number
  /** Ids of jobs or servers, names of queues, keys: the first 20. */
  readonly subjects: readonly string[]
}

export interface Findings {
  /** @param detail what tells this finding from others of its code; default: nothing */
  add(code: FindingCode, subject: string, detail?: string): void
  /** The worst first. */
  all(): readonly Finding[]
}

const SUBJECTS = 20

export function collectFindings(prefix: string): Findings {
  const found = new Map<string, { code: FindingCode; detail: string; subjects: Set<string>; count: number }>()
  return {
    add(code, subject, detail = '') {
      const key = `${code} ${detail}`
      const entry = found.get(key) ?? { code, detail, subjects: new Set(), count: 0 }
      entry.count += 1
      if (entry.subjects.size < SUBJECTS) entry.subjects.add(subject)
      found.set(key, entry)
    },
    all() {
      const all = Array.from(found.values(), ({ code, detail, count, subjects }) => {
        const [level, message, advice] = FINDINGS[code]
        return {
          code,
          level,
          message: detail === '' ? message : `${message}: ${detail}`,
          advice: advice.replaceAll('<prefix>', prefix),
          count,
          subjects: [...subjects],
        }
      })
      const order: readonly FindingLevel[] = ['error', 'warning', 'note']
      return all.toSorted(
        (a, b) => order.indexOf(a.level) - order.indexOf(b.level) || (a.code < b.code ? -1 : 1),
      )
    },
  }
}

export function levelOf(code: FindingCode): FindingLevel {
  return FINDINGS[code][0]
}
