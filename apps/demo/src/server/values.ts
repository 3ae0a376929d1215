import { Cron } from 'croner'
import * as z from 'zod'

/** What a value may be, and what is said to who wrote another one. */

const said = (input: unknown): string => `is ${JSON.stringify(input)}`

export const number = (least: number, most: number, unit: string, example: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: ({ input }) => `${said(input)}: write ${unit} from ${least} to ${most}, such as ${example}`,
    })
    .transform(Number)

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: ({ input }) => `${said(input)}: write ${values.join(' or ')}` })

export const yesOrNo = oneOf(['yes', 'no']).transform((text) => text === 'yes')

export const milliseconds = (least: number, most: number, example: number) =>
  number(least, most, 'milliseconds, a whole number', example)

export const dollars = (most: number, example: string) =>
  z
    .string()
    .refine((text) => /^\d+(\.\d+)?$/.test(text) && Number(text) <= most, {
      error: ({ input }) => `${said(input)}: write dollars from 0 to ${most}, such as ${example}`,
    })
    .transform(Number)

export const schedule = (example: string) =>
  z.string().refine(isSchedule, {
    error: ({ input }) => `${said(input)}: write never, or a schedule as cron has it, such as ${example}`,
  })

function isSchedule(pattern: string): boolean {
  if (pattern === 'never') return true
  try {
    return new Cron(pattern, { paused: true }).nextRun() !== null
  } catch {
    return false
  }
}
