import type { DateDialect } from './dates.ts'
import type { TypeStyle } from './type-style.ts'

/** What differs between .NET applications, by their compatibility level and type serializer. All of them read all of it. */
export interface Dialect extends TypeStyle {
  readonly dates: DateDialect
}
