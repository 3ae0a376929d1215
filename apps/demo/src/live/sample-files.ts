/** A commit of the sample, and what it writes. */
interface SampleCommit {
  readonly subject: string
  readonly files: Readonly<Record<string, string>>
}

/** The example key of Amazon's manual, in two parts: whole, it would be found here as well. */
const EXAMPLE_KEY = ['AKIA', 'IOSFODNN7EXAMPLE'].join('')

const MANIFEST = `{
  "name": "sample-shop",
  "type": "module",
  "devDependencies": { "typescript": "*" }
}
`

const TOTAL = `export interface Line {
  readonly price: number
  readonly count: number
}

/** What the customer pays. */
export function total(lines: readonly Line[]): number {
  return lines.reduce((sum, { price, count }) => sum + price * count, 0)
}
`

const DISCOUNT = `${TOTAL}
/** The total after a discount in percent. */
export function discounted(lines: readonly Line[], percent: number): number {
  debugger
  if (percent === NaN) return total(lines)
  const factor = 1 - percent / 100
  return Math.round(total(lines) * factor)
}

export function label(lines: readonly Line[]): string {
  try {
    return 'Total: ' + total(lines) + ' EUR'
  } finally {
    // TODO: currencies
    return 'Total'
  }
}
`

const EXPORT = `import csv
import sys


def export(orders, path):
    """Writes the orders of a day for the accountant."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        for order in orders:
            writer.writerow([order["id"], order["total"]])
`

const UPLOAD = `${EXPORT}

ACCESS_KEY = "${EXAMPLE_KEY}"


def upload(path):
    # TODO: ask the vault for the key
    print("uploading", path, "as", ACCESS_KEY)   
    sys.exit(0)
`

/** The second change is the one that is reviewed: it has faults in TypeScript and in Python. */
export const SAMPLE: readonly SampleCommit[] = [
  {
    subject: 'A shop that adds up',
    files: { 'package.json': MANIFEST, 'src/total.ts': TOTAL, 'tools/export.py': EXPORT },
  },
  {
    subject: 'Discounts, and the export of a day',
    files: { 'src/total.ts': DISCOUNT, 'tools/export.py': UPLOAD },
  },
]
