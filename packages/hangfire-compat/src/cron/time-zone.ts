import { InvalidArgumentError } from '@holdfast/core'
import { windowsZones } from './windows-zones.ts'

/** Milliseconds that the local time of a zone is ahead of UTC, at an instant. */
export type OffsetAt = (ms: number) => number

/**
 * The offsets of a zone by its IANA name or its name in Windows.
 *
 * @throws InvalidArgumentError for a zone that this machine does not know
 */
export function timeZoneOffsets(timeZone: string): OffsetAt {
  const format = formatIn(timeZone, ianaZone(timeZone))
  return (ms) => {
    const whole = Math.floor(ms / 1_000) * 1_000
    const parts = new Map(format.formatToParts(whole).map(({ type, value }) => [type, Number(value)]))
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
    return (
      Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) -
      whole
    )
  }
}

/** The IANA name of a zone of Windows; any other name as it is. .NET knows the former only where it has ICU. */
export function ianaZone(timeZone: string): string {
  // Both know it, and Hangfire writes it so.
  if (timeZone === 'UTC' || !Object.hasOwn(windowsZones, timeZone)) return timeZone
  return windowsZones[timeZone] ?? timeZone
}

function formatIn(given: string, timeZone: string): Intl.DateTimeFormat {
  const unknown = `Time zone ${JSON.stringify(given)} is unknown here: pass an IANA name such as 'Europe/Paris', or one of Windows such as 'Romance Standard Time'.`
  // An offset is a zone to JavaScript, but not to .NET.
  if (typeof timeZone !== 'string' || !/^[A-Za-z]/.test(timeZone)) throw new InvalidArgumentError(unknown)
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    const { timeZone: spelt } = format.resolvedOptions()
    if (spelt === timeZone || spelt.toLowerCase() !== timeZone.toLowerCase()) return format
    throw new InvalidArgumentError(
      `Time zone ${JSON.stringify(given)} is spelt '${spelt}', and .NET takes no other spelling.`,
    )
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(unknown)
    throw error
  }
}
