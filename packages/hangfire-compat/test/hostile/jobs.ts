import type { DotnetCall, QueueAttribute } from '../peer/dotnet-jobs.ts'

const call = (method: string, parameterTypes: readonly string[], args: readonly (string | null)[]) => ({
  CurrentCulture: '""',
  Type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews',
  Method: method,
  ParameterTypes: JSON.stringify(parameterTypes),
  Arguments: JSON.stringify(args),
})

/** A job of .NET. */
export const log: DotnetCall = { fields: call('Log', ['System.String'], ['"hello"']) }

/** A job of Node that .NET creates: the method of its interface has [Queue("node")]. */
export const nodeWork: DotnetCall = {
  fields: {
    ...call('Work', ['System.String'], ['"hello"']),
    Type: 'Acme.Contracts.INodeJobs, Acme.Contracts',
  },
}

export const queueAttribute: QueueAttribute = ({ Type = '' }) =>
  Type.includes('INodeJobs') ? 'node' : undefined
