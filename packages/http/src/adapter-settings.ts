import { type Holdfast, type HoldfastOptions, InvalidArgumentError, createHoldfast } from '@holdfast/core'
import {
  type OptionTable,
  type Resolved,
  anything,
  checkBoolean,
  duration,
  resolveOptions,
} from '@holdfast/core/storage'

/** What an adapter does with its instance of Holdfast. */
export interface AppSettings {
  /**
   * Whether closing the app closes the instance that was passed as `holdfast`. One that the app creates is always closed.
   * @default false
   */
  readonly closeHoldfast?: boolean | undefined
  /**
   * How long closing waits for handlers whose client has disconnected, and for jobs. Then it leaves them to their leases.
   * @default 10_000
   */
  readonly graceMs?: number | undefined
  /**
   * Logs through the framework's logger when the connection to the storage is lost, waited for and ready again.
   * @default true
   */
  readonly logConnection?: boolean | undefined
}

/** What adapters take beside the options of `createHoldfast`. */
export interface AdapterSettings extends AppSettings {
  readonly holdfast?: Holdfast
  readonly exposeData?: boolean | undefined
  readonly exposeDetails?: boolean | undefined
}

/** Node's longest timer: a longer one fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const APP: OptionTable<AppSettings> = {
  closeHoldfast: [checkBoolean, false],
  graceMs: [duration(0, LONGEST_TIMER_MS), 10_000],
  logConnection: [checkBoolean, true],
}

const CHECKS: Readonly<Record<string, readonly [check: (name: string, value: never) => unknown, unknown?]>> =
  {
    ...APP,
    exposeData: [checkBoolean],
    exposeDetails: [checkBoolean],
  }

/** The settings with their defaults. */
export function appSettings({ closeHoldfast, graceMs, logConnection }: AppSettings): Resolved<AppSettings> {
  return resolveOptions(APP, { closeHoldfast, graceMs, logConnection })
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
  const table = Object.fromEntries(names.map((name) => [name, [CHECKS[name]?.[0] ?? anything, undefined]]))
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
  const { holdfast } = settings
  if (holdfast !== undefined) return { holdfast, closes: appSettings(settings).closeHoldfast }
  const own = Object.entries(settings).filter(([name]) => !notCores.includes(name))
  return { holdfast: createHoldfast(Object.fromEntries(own) as unknown as HoldfastOptions), closes: true }
}
