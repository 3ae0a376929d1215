import { Exit, exitCodes } from './exit.ts'

/** The value of an option. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= least) return value
  throw new Exit(exitCodes.badUse, `${option} must be a whole number from ${least}.`)
}
