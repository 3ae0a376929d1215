import type { AnyParameter } from '../jobs/parameter.ts'
import { csharpType } from './csharp-names.ts'

export interface TypeOptions {
  /** Whether references that may be null have a `?`, as since C# 8. */
  readonly nullable: boolean
}

/** The type of a parameter in C#. */
export function csharpTypeOf(parameter: AnyParameter, options: TypeOptions): string {
  const mark = options.nullable ? '?' : ''
  // Callers pass null, unless it is a struct, and .NET's server fills it in.
  if ('isInjected' in parameter) {
    const text = csharpType(parameter.type)
    return text.endsWith('CancellationToken') && !text.endsWith('.IJobCancellationToken')
      ? text
      : `${text}${mark}`
  }
  const { type, shape } = parameter
  if (shape === undefined || !('of' in shape)) return csharpType(type)
  const item = csharpTypeOf(shape.of, options)
  switch (shape.kind) {
    case 'nullable':
      return `${item}${shape.of.isValueType ? '?' : mark}`
    case 'list':
      return `global::System.Collections.Generic.List<${item}>`
    case 'dictionary':
      return `global::System.Collections.Generic.Dictionary<string, ${item}>`
    case 'array': {
      // Of an array of arrays the outermost rank comes first, unless a ? is between.
      const [, bare = item, ranks = ''] = /^(.*?)((?:\[,*\])+)$/.exec(item) ?? []
      return `${bare}[]${ranks}`
    }
  }
}
