import type { HangfireJob } from '../jobs/job-definition.ts'
import { looksLikeInterface } from '../wire/type-name.ts'
import { csharpFile } from './csharp-file.ts'
import { NotExpressible, identifier, placeOf } from './csharp-names.ts'
import { type TypeOptions, csharpTypeOf } from './csharp-types.ts'
import { type Declaration, declarationOf, declarationsFor } from './declarations.ts'

export type Definition = HangfireJob<readonly unknown[], never>

/** The text of a C# file, or why there is none. */
export interface Contract {
  /** Undefined when there are problems, or no job is of the namespace. */
  readonly text?: string
  /** Definitions that C# cannot express, and why. */
  readonly problems: readonly string[]
  /** What one should know: jobs that are left out, queues that .NET is likely to listen on, classes without members. */
  readonly remarks: readonly string[]
}

export interface ContractOptions extends TypeOptions {
  readonly namespace: string
}

/** The interfaces of a namespace with the jobs that Node runs, and the classes and enums of the namespace that they need. */
export function contractOf(definitions: readonly Definition[], options: ContractOptions): Contract {
  const problems: string[] = []
  const remarks: string[] = []
  const declared = new Map<string, Declaration>()
  const methods = new Map<string, readonly string[]>()
  for (const job of definitions) {
    const name = `${job.type.name}.${job.method}`
    const reason = whyLeftOut(job, options.namespace)
    if (reason !== undefined) {
      remarks.push(`${name} is left out: ${reason}.`)
      continue
    }
    if (job.queue === 'default')
      remarks.push(
        `${name} is on the queue default, where a server of .NET is likely to take it and fail it.`,
      )
    try {
      const lines = method(job, options)
      // Whether a reference may be null makes no other method.
      const signature = `${name}(${typesOf(job, { nullable: false }).join()})`
      const known = methods.get(signature)
      if (known !== undefined && String(known) !== String(lines))
        throw new NotExpressible('another definition of it has another queue, or takes null elsewhere.')
      methods.set(signature, lines)
      add(declared, declarationOf(job.type, 'interface', known === undefined ? lines : []))
      for (const parameter of job.parameters)
        for (const each of declarationsFor(parameter, options.namespace, options)) add(declared, each)
    } catch (error) {
      if (!(error instanceof NotExpressible)) throw error
      problems.push(`${name}: ${error.message}`)
    }
  }
  const all = [...declared.values()]
  problems.push(...clashes(all))
  if (problems.length > 0 || all.length === 0) return { problems, remarks }
  for (const { path, lines } of all)
    if (lines === undefined)
      remarks.push(
        `${path.join('.')} has no members, since its definition names none: give them to t.object(), or write the rest of the partial class.`,
      )
  return { text: csharpFile(options, all), problems, remarks }
}

function whyLeftOut({ type }: Definition, namespace: string): string | undefined {
  const { namespace: own } = placeOf(type)
  if (own !== namespace) return `it is in the namespace ${own === '' ? 'of none' : own}`
  return looksLikeInterface(type) ? undefined : 'by its name it is a class, so .NET runs it'
}

/** The lines of a method: its queue, and its signature. */
function method(job: Definition, options: ContractOptions): readonly string[] {
  const list = typesOf(job, options).map((type, i) => `${type} arg${i + 1}`)
  return [
    `[global::Hangfire.Queue(${JSON.stringify(job.queue)})]`,
    `global::System.Threading.Tasks.Task ${identifier(job.method)}(${list.join(', ')});`,
  ]
}

function typesOf({ parameters }: Definition, options: TypeOptions): readonly string[] {
  return parameters.map((parameter) => csharpTypeOf(parameter, options))
}

function add(declared: Map<string, Declaration>, each: Declaration): void {
  const key = each.path.join('.')
  const known = declared.get(key)
  if (known === undefined) return void declared.set(key, each)
  if (known.kind !== each.kind) throw new NotExpressible(`${key} is two kinds of type.`)
  if (each.kind === 'interface')
    return void declared.set(key, { ...known, lines: [...(known.lines ?? []), ...(each.lines ?? [])] })
  if (each.lines === undefined || String(each.lines) === String(known.lines)) return
  if (known.lines !== undefined) throw new NotExpressible(`${key} has other members in another definition.`)
  declared.set(key, each)
}

function clashes(all: readonly Declaration[]): readonly string[] {
  const assemblies = new Set(all.map(({ assembly }) => assembly))
  const containers = new Set(
    all.flatMap(({ path }) => path.slice(0, -1).map((_, i) => path.slice(0, i + 1).join('.'))),
  )
  return [
    ...(assemblies.size > 1
      ? [
          `The types are of several assemblies (${[...assemblies].join(', ')}): one file can be part of one only.`,
        ]
      : []),
    ...all.flatMap(({ kind, path }) =>
      kind !== 'class' && containers.has(path.join('.'))
        ? [`${path.join('.')} is an ${kind}, and has types nested in it: C# allows that only in a class.`]
        : [],
    ),
  ]
}
