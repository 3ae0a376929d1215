import { checkTypeName } from '../wire/type-name.ts'
import { dictionary, listOf, nullable } from './collections.ts'
import { type EnumValue, enumeration } from './enumeration.ts'
import { dateTime, dateTimeOffset, timeSpan } from './instants.ts'
import { decimal, double, int32, int64 } from './numbers.ts'
import { type ObjectFor, type ObjectMembers, type ObjectOf, json, object } from './objects.ts'
import { type InjectedParameter, type Parameter, systemType } from './parameter.ts'
import { boolean, bytes, guid, string } from './simple-types.ts'

/**
 * The types of a job's parameters, as its .NET method has them. A value that .NET could not bind throws `INVALID_ARGUMENT`
 * before anything is written. Null is a value only of what `nullable` wraps.
 */
export interface ParameterTypes {
  /** `Guid`. Written in lower case with dashes. */
  readonly guid: Parameter<string>
  /** `string`. */
  readonly string: Parameter<string>
  /** `bool`. */
  readonly boolean: Parameter<boolean>
  /** `int`. */
  readonly int32: Parameter<number>
  /** `long`: a bigint. Callers may pass a safe integer. */
  readonly int64: Parameter<bigint, bigint | number>
  /** `double`. */
  readonly double: Parameter<number>
  /** `decimal`: its digits, such as `'12.30'`. Callers may pass a number or a bigint. */
  readonly decimal: Parameter<string, string | number | bigint>
  /** `DateTime`: a `Date`. A date without an offset is read as UTC. */
  readonly dateTime: Parameter<Date>
  /** `DateTimeOffset`: ISO 8601 with an offset. Callers may pass a `Date`, which is written in UTC. */
  readonly dateTimeOffset: Parameter<string, string | Date>
  /** `TimeSpan`: milliseconds. */
  readonly timeSpan: Parameter<number>
  /** `byte[]`. */
  readonly bytes: Parameter<Uint8Array>
  /** An enum: the type with its assembly, and its names with their numbers. Numbers travel; names are read, too. */
  enumeration<const Values extends Readonly<Record<string, number | string>>>(
    type: string,
    values: Values,
  ): Parameter<EnumValue<Values>>
  /**
   * Any other type, by its name with its assembly. Members are named as in .NET; members that .NET leaves out are at their
   * default. A `$type` is not written, and not shown. Whole numbers beyond 2^53 are bigints.
   */
  object<T>(type: string): Parameter<T>
  /**
   * The same with the types of its members, by their names in .NET: each value is held to its type, members that are
   * `nullable` may be left out, and `holdfast-hangfire contract` can write the class.
   */
  object<const Members extends ObjectMembers>(
    type: string,
    members: Members,
  ): Parameter<ObjectOf<Members>, ObjectFor<Members>>
  /** `object`: any JSON. .NET makes a `JObject` of an object, and a `DateTime` of a text that looks like one. */
  readonly any: Parameter<unknown>
  /** `T?` in .NET. */
  nullable<Out, In>(parameter: Parameter<Out, In>): Parameter<Out | null, In | null>
  /** `List<T>`. */
  list<Out, In>(item: Parameter<Out, In>): Parameter<readonly Out[], readonly In[]>
  /** `T[]`. */
  array<Out, In>(item: Parameter<Out, In>): Parameter<readonly Out[], readonly In[]>
  /** `Dictionary<string, T>`: an object. */
  dictionary<Out, In>(
    item: Parameter<Out, In>,
  ): Parameter<Readonly<Record<string, Out>>, Readonly<Record<string, In>>>
  /** `CancellationToken`: in Node the signal of the job. */
  readonly cancellationToken: InjectedParameter
  /** `IJobCancellationToken`, its older form. */
  readonly jobCancellationToken: InjectedParameter
  /** `PerformContext`: in Node the job itself. */
  readonly performContext: InjectedParameter
}

/** See {@link ParameterTypes}. */
export const t: ParameterTypes = {
  guid,
  string,
  boolean,
  int32,
  int64,
  double,
  decimal,
  dateTime,
  dateTimeOffset,
  timeSpan,
  bytes,
  enumeration,
  object,
  any: json(systemType('Object')),
  nullable,
  list: (item) => listOf('list', (type) => systemType('Collections.Generic.List`1', type), item),
  array: (item) => listOf('array', (type) => ({ ...type, suffix: `${type.suffix}[]` }), item),
  dictionary,
  cancellationToken: injected('System.Threading.CancellationToken'),
  jobCancellationToken: injected('Hangfire.IJobCancellationToken, Hangfire.Core'),
  performContext: injected('Hangfire.Server.PerformContext, Hangfire.Core'),
}

function injected(type: string): InjectedParameter {
  return { type: checkTypeName('type', type), isInjected: true }
}
