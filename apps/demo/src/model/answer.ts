import * as z from 'zod'
import { CATEGORIES, type Finding } from '../review/reviewer.ts'
import type { Portion } from './portions.ts'

const MOST_FINDINGS = 50

const FINDING = z.strictObject({
  file: z.string().describe('The path behind ###, unchanged.'),
  line: z.int().describe('The number of an added line.'),
  severity: z.enum(['error', 'warning', 'info']),
  category: z.enum(CATEGORIES),
  rule: z.string().describe('What kind of fault it is, in one to four words with hyphens.'),
  message: z.string().describe('What is wrong, in one sentence.'),
  suggestion: z.string().describe('What to do about it, in one sentence.'),
})

const ANSWER = z.strictObject({ findings: z.array(FINDING) })

/** For the model: what its answer must look like. */
export const ANSWER_SCHEMA: Record<string, unknown> = z.toJSONSchema(ANSWER)

/** `problem`: why it is not what was asked for. */
export type PortionAnswer =
  | {
      readonly findings: readonly Finding[]
      /** About lines that the change has not added, or about other files. */
      readonly dropped: number
    }
  | { readonly problem: string }

/** Reads what a model has written about a portion. `hushed` takes out what no reader is to see. */
export function readAnswer(
  text: string,
  { addedLines }: Portion,
  hushed: (text: string) => string,
): PortionAnswer {
  let json: unknown
  try {
    json = JSON.parse(withoutFence(text))
  } catch (error) {
    // Without the piece of the text that is in the message.
    const why = (error as Error).message.replace(/, (\.\.\.)?".*is not valid JSON$/s, '')
    return { problem: `It is no JSON: ${why}` }
  }
  const { data, error } = ANSWER.safeParse(json)
  if (error !== undefined) return { problem: hushed(problemIn(error)) }
  const isAbout = ({ file, line }: { readonly file: string; readonly line: number }): boolean =>
    addedLines.get(file)?.has(line) === true
  const findings = data.findings.filter(isAbout)
  return {
    findings: findings.slice(0, MOST_FINDINGS).map((finding) => findingOf(finding, hushed)),
    dropped: data.findings.length - findings.length,
  }
}

/** Whether it is JSON from its beginning to its end. */
export function isWhole(text: string): boolean {
  try {
    JSON.parse(withoutFence(text))
    return true
  } catch {
    return false
  }
}

/** Some models put JSON between fences, as in a document. */
function withoutFence(text: string): string {
  return /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(text)?.[1] ?? text
}

const MOST_PROBLEMS = 3

function problemIn({ issues }: z.ZodError): string {
  const said = issues
    .slice(0, MOST_PROBLEMS)
    .map(({ path, message }) => `${path.join('.') || 'the answer'}: ${message}`)
  return said.join('; ')
}

const MOST_TEXT = 500

function findingOf(
  { rule, message, suggestion, ...same }: z.infer<typeof FINDING>,
  hushed: (text: string) => string,
): Finding {
  const name = hushed(rule)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40)
  return {
    ...same,
    rule: `model/${name || same.category}`,
    message: hushed(message).slice(0, MOST_TEXT),
    suggestion: hushed(suggestion).slice(0, MOST_TEXT),
  }
}
