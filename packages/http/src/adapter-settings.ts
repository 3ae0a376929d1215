import { type Holdfast, type HoldfastOptions, InvalidArgumentError, createHoldfast } from '@holdfast/core'
import { anything, checkBoolean, duration, resolveOptions } from '@holdfast/core/storage'

/** What adapters take beside the options of `createHoldfast`. */
export interface AdapterSettings {
  readonly holdfast?: Holdfast
  readonly closeHoldfast?: boolean | undefined
  readonly graceMs?: number | undefined
  readonly logConnection?: boolean | undefined
  readonly exposeData?: boolean | undefined
  readonly exposeDetails?: boolean | undefined
}

/** Node's longest timer: a longer one fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647

const CHECKS: Readonly<Record<string, (name: string, value: never) => unknown>> = {
  graceMs: duration(0, LONGEST_TIMER_MS),
  closeHoldfast: checkBoolean,
  logConnection: checkBoolean,
  exposeData: checkBoolean,
  exposeDetails: checkBoolean,
}

/**
 * Checks those that are there. Others are left alone, unless `names` lists all that there may be.
 *
 * @throws InvalidArgumentError that names what is wrong
 */
export function checkAdapterSettings(
  settings: AdapterSettings,
  names: readonly string[] = Object.keys(settings),
): void {
  const table = Object.fromEntries(names.map((name) => [name, [CHECKS[name] ?? anything, undefined]]))
  resolveOptions<object, never>(table, settings)
  // An undefined one is a mistake, too: the app would get an instance that nothing shares.
  if ('holdfast' in settings && typeof (settings.holdfast as Partial<Holdfast> | null)?.health !== 'function')
    throw new InvalidArgumentError('holdfast must be what createHoldfast returns.')
}

/** The instance of an app, and whether the app closes it: made of the options without those that are not core's, or given. */
export function holdfastOf(
  settings: AdapterSettings,
  notCores: readonly string[],
): { readonly holdfast: Holdfast; readonly closes: boolean } {
  const { holdfast, closeHoldfast = false } = settings
  if (holdfast !== undefined) return { holdfast, closes: closeHoldfast }
  const own = Object.entries(settings).filter(([name]) => !notCores.includes(name))
  return { holdfast: createHoldfast(Object.fromEntries(own) as unknown as HoldfastOptions), closes: true }
}
