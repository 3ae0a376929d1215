import type { HeldQuery, HeldView, RecordView, ReviewView } from '../../../src/events/snapshot.ts'

type Hunk = ReviewView['files'][number]['hunks'][number]
type Line = Hunk['lines'][number]

/** Numbers the lines of a hunk by their first character, as in a patch. */
function hunk(header: string, oldFrom: number, newFrom: number, text: readonly string[]): Hunk {
  let [oldLine, newLine] = [oldFrom, newFrom]
  const lines = text.map((line): Line => {
    const rest = line.slice(1)
    if (line.startsWith('-')) return { kind: 'removed', oldLine: oldLine++, newLine: null, text: rest }
    if (line.startsWith('+')) return { kind: 'added', oldLine: null, newLine: newLine++, text: rest }
    return { kind: 'same', oldLine: oldLine++, newLine: newLine++, text: rest }
  })
  return { header, lines }
}

const generated = Array.from({ length: 260 }, (_, index) => `+export const rate${index} = ${index} / 100`)

/** What the bundled sample's reviews look like: two languages, findings on lines, one of them about a file. */
export const REVIEW: ReviewView = {
  id: 'r142',
  base: 'a1f09c2b7d1f6f0e3c5d8a9b0c1d2e3f4a5b6c7d',
  head: '77be310c9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d',
  additions: 48,
  deletions: 11,
  files: [
    {
      path: 'src/checkout/discount.ts',
      errors: 1,
      warnings: 1,
      infos: 0,
      hunks: [
        hunk('@@ -12,4 +12,6 @@ export async function applyDiscount(cart, code)', 12, 12, [
          '   const rule = await rules.find(code)',
          '-  return cart.total - rule.amount',
          "+  const token = 'ghp_x7KqT2mPd0sVbN4cWz9fT2'",
          '+  const off = cart.total * rule.percent / 100',
          '+  return Math.round((cart.total - off) * 100) / 100',
          ' }',
        ]),
      ],
      findings: [
        {
          line: 13,
          severity: 'error',
          category: 'security',
          rule: 'secret/github',
          message:
            'This looks like a GitHub token. It stays in the history even if a later commit removes it.',
          suggestion: 'Revoke it, and read the new one from the environment or a vault.',
        },
        {
          line: 15,
          severity: 'warning',
          category: 'bug',
          rule: 'money/float',
          message: 'Rounding after the discount can lose a cent.',
          suggestion: 'Keep amounts in whole cents.',
        },
      ],
      note: null,
    },
    {
      path: 'src/Orders/Total.cs',
      errors: 0,
      warnings: 1,
      infos: 0,
      hunks: [
        hunk('@@ -30,3 +30,4 @@ public sealed class Total', 30, 30, [
          '     public decimal Sum(IEnumerable<Line> lines)',
          '-        => lines.Sum(line => line.Price);',
          '+        => lines.Sum(line => line.Price * line.Count) // TODO: taxes',
          '+           + Shipping;',
          ' }',
        ]),
      ],
      findings: [
        {
          line: 31,
          severity: 'warning',
          category: 'quality',
          rule: 'notes/unfinished',
          message: 'A note about unfinished work is added.',
          suggestion: 'Finish it in this change, or open an issue and name it here.',
        },
      ],
      note: null,
    },
    {
      path: 'src/checkout/rates.ts',
      errors: 0,
      warnings: 0,
      infos: 1,
      hunks: [hunk('@@ -0,0 +1,260 @@', 0, 1, generated)],
      findings: [
        {
          line: null,
          severity: 'info',
          category: 'quality',
          rule: 'diff/large-addition',
          message: '260 added lines in one file are hard to review.',
          suggestion: 'Can the change be split, or the file?',
        },
      ],
      note: null,
    },
  ],
  moves: [
    {
      at: 1_795_900_392_000,
      version: 2,
      from: 'Pending',
      to: 'AIReviewing',
      actor: 'job',
      who: 'instance-3',
      reason: null,
    },
    {
      at: 1_795_900_405_000,
      version: 3,
      from: 'AIReviewing',
      to: 'HumanReview',
      actor: 'job',
      who: 'instance-3',
      reason: '3 findings',
    },
  ],
  notices: [
    {
      at: 1_795_900_405_000,
      version: 3,
      recipient: 'author',
      name: 'Ada',
      message: 'Your change “Discount codes at checkout” was reviewed: 3 findings. A person decides now.',
    },
    {
      at: 1_795_900_405_000,
      version: 3,
      recipient: 'project',
      name: 'shop',
      message: 'The change “Discount codes at checkout” was reviewed: 3 findings. A person decides now.',
    },
  ],
  problem: null,
  suggestions: [
    'Keep secrets in the environment, and revoke the one that is here.',
    'Compute amounts in whole cents.',
  ],
}

export const RECORD: RecordView = {
  key: 'AIReview:job:{ai-review:142}',
  kind: 'hash',
  ttlMs: 252_000,
  fields: [
    { name: 'status', value: 'completed', meaning: 'It has ended; its result is stored.' },
    { name: 'attempt', value: '2', meaning: 'Attempts so far.' },
    { name: 'fence', value: '17959023', meaning: 'Of the attempt that ended it.' },
    { name: 'instance', value: 'instance-3', meaning: 'Who ran it.' },
    { name: 'progress', value: '100 % Done', meaning: 'What it reported last.' },
    { name: 'result', value: '{"findings":3,"risk":72}', meaning: 'What every later start gets.' },
  ],
  raw: 'status completed attempt 2 fence 17959023',
  attempts: [
    {
      executionId: '8fK2wqQm1c',
      attempt: 1,
      fencingToken: 17_959_014,
      instance: 'instance-1',
      ended: 'stalled',
    },
    {
      executionId: '8fK2wqyT3A',
      attempt: 2,
      fencingToken: 17_959_023,
      instance: 'instance-3',
      ended: 'completed',
    },
  ],
}

/** Of a lock, or of an entry of the cache. */
export function heldOf({ kind, name }: HeldQuery): readonly HeldView[] {
  const fields =
    kind === 'lock'
      ? [
          { name: 'owner', value: 'instance-2', meaning: 'the instance that holds it' },
          { name: 'fence', value: '1795900392000100', meaning: 'the higher one wins' },
          { name: 'lease', value: '24000 ms', meaning: 'left, unless the owner renews it' },
        ]
      : [
          { name: 'state', value: 'fresh', meaning: 'it counts' },
          { name: 'ttl', value: '86400000 ms', meaning: 'so long it is fresh' },
        ]
  const key = kind === 'lock' ? `{holdfast:l:AIReview:lock:${name}}:s` : `holdfast:v:AIReview:${name}:42`
  return [{ key, kind: 'string', ttlMs: 84_000, fields, raw: 'as it is stored' }]
}
