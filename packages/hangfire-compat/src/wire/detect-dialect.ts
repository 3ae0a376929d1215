import { HangfireDialectError } from '../errors.ts'
import { type DateDialect, decodeDate } from './dates.ts'
import type { Dialect } from './dialect.ts'
import type { Fields } from './fields.ts'
import { decodePayload } from './invocation.ts'
import { parseJson } from './json.ts'
import { type TypeName, parseTypeName } from './type-name.ts'

/** Hashes of a prefix, as they are: a few of each kind suffice. */
export interface DialectSamples {
  readonly servers?: readonly Fields[]
  readonly jobs?: readonly Fields[]
  readonly recurringJobs?: readonly Fields[]
}

/** What the samples show. A part that they do not show is undefined. */
export interface DetectedDialect {
  readonly dates?: DateDialect
  readonly typeNames?: 'simple' | 'full'
  readonly assemblies: ReadonlyMap<string, string>
  /** The samples show more than one way to write the part: an upgrade, or two applications. The newest sample decided. */
  readonly mixed: { readonly dates: boolean; readonly typeNames: boolean }
}

/** The dialect of the newest sample that shows one. Unreadable samples show nothing. */
export function detectDialect({
  servers = [],
  jobs = [],
  recurringJobs = [],
}: DialectSamples): DetectedDialect {
  const samples = [
    ...servers.map(({ StartedAt, Heartbeat }) => sampleOf(Heartbeat ?? StartedAt, [])),
    ...jobs.map((job) => sampleOf(job.CreatedAt, typesOfJob(job))),
    ...recurringJobs.map((job) => sampleOf(job.CreatedAt, typesOfRecurring(job))),
  ].toSorted((one, other) => one.at - other.at)
  const dates = samples.flatMap((sample) => sample.dates ?? [])
  const typeNames = samples.flatMap((sample) => sample.typeNames ?? [])
  const [lastDates, lastTypeNames] = [dates.at(-1), typeNames.at(-1)]
  return {
    ...(lastDates === undefined ? {} : { dates: lastDates }),
    ...(lastTypeNames === undefined ? {} : { typeNames: lastTypeNames }),
    assemblies: new Map(samples.flatMap((sample) => sample.assemblies)),
    mixed: { dates: new Set(dates).size > 1, typeNames: new Set(typeNames).size > 1 },
  }
}

/**
 * The dialect to write in: what the caller gave, else what was detected. Nothing may be written without it.
 *
 * @throws HangfireDialectError when a part is neither given nor detected
 */
export function requireDialect(
  prefix: string,
  detected: DetectedDialect,
  given: Partial<Dialect> = {},
): Dialect {
  const dates = given.dates ?? detected.dates
  const typeNames = given.typeNames ?? detected.typeNames
  if (dates === undefined || typeNames === undefined) {
    const missing = [
      ...(dates === undefined ? ["dates ('ms' from compatibility level 170 on, 'iso' below)"] : []),
      ...(typeNames === undefined
        ? ["typeNames ('simple' with UseSimpleAssemblyNameTypeSerializer(), 'full' without)"]
        : []),
    ]
    throw new HangfireDialectError(
      `The prefix ${JSON.stringify(prefix)} has no data of .NET that shows its dialect. Nothing was written. Pass ${missing.join(' and ')}, or start the .NET application first.`,
    )
  }
  return { dates, typeNames, assemblies: given.assemblies ?? detected.assemblies }
}

interface Sample {
  /** Samples that cannot say when they were written count as the oldest. */
  readonly at: number
  readonly dates: DateDialect | undefined
  readonly typeNames: 'simple' | 'full' | undefined
  readonly assemblies: readonly (readonly [string, string])[]
}

/** Up to here every dialect writes ISO. */
const LAST_ISO_ANYWAY = Date.UTC(1978, 0, 11, 21, 31, 40, 799)

function sampleOf(date: string | undefined, types: readonly TypeName[]): Sample {
  const at = orUndefined(() => (date === undefined ? undefined : decodeDate(date))) ?? -Infinity
  const dates = date?.includes('-') ? 'iso' : 'ms'
  const assemblies = types.flatMap(versionsIn)
  return {
    at,
    dates: at > LAST_ISO_ANYWAY ? dates : undefined,
    typeNames: types.length === 0 ? undefined : assemblies.length > 0 ? 'full' : 'simple',
    assemblies,
  }
}

function typesOfJob({ Type, ParameterTypes = '[]' }: Fields): readonly TypeName[] {
  const parameters = parseJson(ParameterTypes)
  return namesToTypes([Type, ...(Array.isArray(parameters) ? parameters : [])])
}

function typesOfRecurring({ Job }: Fields): readonly TypeName[] {
  const payload = orUndefined(() => (Job === undefined ? undefined : decodePayload(Job)))
  return payload === undefined ? [] : namesToTypes([payload.type, ...payload.parameterTypes])
}

function namesToTypes(names: readonly unknown[]): readonly TypeName[] {
  return names.flatMap((name) => (typeof name === 'string' ? (parseTypeName(name) ?? []) : []))
}

/** Assemblies with what is written after them, at every depth. */
function versionsIn(type: TypeName): readonly (readonly [string, string])[] {
  const own =
    type.assembly === undefined || type.properties === undefined ? [] : [[type.assembly, type.properties]]
  return [
    ...own.map(([name = '', text = '']) => [name, text] as const),
    ...type.arguments.flatMap(versionsIn),
  ]
}

function orUndefined<T>(read: () => T | undefined): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
