import type { RecordView, ReviewView } from '../../../src/events/snapshot.ts'

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

const LINES = [
  ['same', 12, 12, '  const rule = await rules.find(code)'],
  ['removed', 13, null, '  return cart.total - rule.amount'],
  ['added', null, 13, "  const token = 'ghp_x7KqLm29fT2'"],
  ['added', null, 14, '  const off = cart.total * rule.percent / 100'],
  ['added', null, 15, '  return Math.round((cart.total - off) * 100) / 100'],
  ['same', 14, 16, '}'],
] as const

export const REVIEW: ReviewView = {
  id: 'r142',
  base: 'a1f09c2',
  head: '77be310',
  additions: 48,
  deletions: 11,
  files: [
    {
      path: 'src/checkout/discount.ts',
      errors: 1,
      warnings: 1,
      infos: 0,
      hunks: [
        {
          header: '@@ -12,6 +12,11 @@ export async function applyDiscount(cart, code)',
          lines: LINES.map(([kind, oldLine, newLine, text]) => ({ kind, oldLine, newLine, text })),
        },
      ],
      findings: [
        {
          line: 13,
          severity: 'error',
          rule: 'diff/secret',
          message: 'This looks like a GitHub token. Revoke it, then read it from the environment.',
        },
        {
          line: 15,
          severity: 'warning',
          rule: 'money/float',
          message: 'Rounding after the discount can lose a cent. Keep amounts in whole cents.',
        },
      ],
    },
    {
      path: 'src/Orders/Total.cs',
      errors: 0,
      warnings: 1,
      infos: 0,
      hunks: [
        {
          header: '@@ -3,2 +3,3 @@ public class Total',
          lines: [
            { kind: 'same', oldLine: 3, newLine: 3, text: '  public decimal Sum;' },
            { kind: 'added', oldLine: null, newLine: 4, text: '  public float Discount;' },
          ],
        },
      ],
      findings: [
        { line: null, severity: 'warning', rule: 'money/float', message: 'A float holds no exact cents.' },
      ],
    },
  ],
  suggestions: ['Keep amounts in whole cents.'],
}
