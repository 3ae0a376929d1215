/** JSON schemas of the routes that serve state: what they accept, and what @fastify/swagger shows. */
import type { CacheStats } from '@holdfast/core'

const nullable = (type: string): object => ({ type: [type, 'null'] })
const time = { type: 'string', format: 'date-time' }

const execution = {
  type: 'object',
  properties: {
    jobType: { type: 'string' },
    jobKey: { type: 'string' },
    executionId: { type: 'string' },
    status: { type: 'string', enum: ['executing', 'completed', 'failed'] },
    stalled: { type: 'boolean' },
    attempt: { type: 'integer' },
    fencingToken: { type: 'integer' },
    startTime: time,
    endTime: { type: ['string', 'null'], format: 'date-time' },
    updateTime: time,
    progressPercentage: { type: 'number' },
    progressMessage: nullable('string'),
    errorMessage: nullable('string'),
    errorCode: nullable('string'),
    resultOmitted: nullable('string'),
    resultProblem: nullable('string'),
    cancelRequested: nullable('string'),
    parentExecutionId: nullable('string'),
    leaseRemainingMs: { type: 'number' },
    result: { description: 'Only with exposeData.' },
    checkpoint: { description: 'Only with exposeData.' },
    instance: { ...nullable('string'), description: 'Only with exposeData.' },
  },
}

const problem = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
  },
}

const jobParams = {
  type: 'object',
  required: ['jobType', 'jobKey'],
  properties: { jobType: { type: 'string' }, jobKey: { type: 'string' } },
}

const tags = ['holdfast']

export const jobTypesSchema: object = {
  tags,
  summary: 'The job types that have executions',
  response: {
    200: { type: 'object', properties: { jobTypes: { type: 'array', items: { type: 'string' } } } },
  },
}

export const listSchema: object = {
  tags,
  summary: 'A page of the executions of a job type, in no particular order',
  params: { type: 'object', required: ['jobType'], properties: { jobType: { type: 'string' } } },
  querystring: {
    type: 'object',
    properties: {
      status: { type: 'string', enum: ['executing', 'stalled', 'completed', 'failed', 'released'] },
      limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
      cursor: { type: 'string' },
    },
  },
  response: {
    200: {
      type: 'object',
      properties: { executions: { type: 'array', items: execution }, cursor: nullable('string') },
    },
  },
}

export const executionSchema: object = {
  tags,
  summary: 'The execution of a job',
  params: jobParams,
  response: { 200: execution, 404: problem },
}

export const eventsSchema: object = {
  tags,
  summary: 'Every state of the execution until it has ended, as server-sent events named `execution`',
  params: jobParams,
  produces: ['text/event-stream'],
}

export const cancelSchema: object = {
  tags,
  summary: 'Asks the owner of a running execution to stop',
  params: jobParams,
  body: { type: ['object', 'null'], properties: { reason: { type: 'string', maxLength: 1024 } } },
  response: { 202: { type: 'object', properties: { requested: { type: 'boolean' } } }, 404: problem },
}

export const forgetSchema: object = {
  tags,
  summary: 'Removes what is stored of a job, in any state',
  params: jobParams,
  response: { 204: { type: 'null' }, 404: problem },
}

export const lockSchema: object = {
  tags,
  summary: 'Who holds a lock, and how many wait for it',
  params: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
  response: {
    200: {
      type: 'object',
      properties: {
        name: { type: 'string' },
        holders: { type: 'array', items: { type: 'object', additionalProperties: true } },
        waiting: { type: 'integer' },
        queue: { type: 'array', items: { type: 'string' }, description: 'Only with exposeData.' },
      },
    },
  },
}

/** All counters of `CacheStats`: what is not named here is not sent, as its method is not. */
const COUNTERS = {
  hits: 'Reads that found a value, stale ones included.',
  staleHits: 'Those of them that got a stale value.',
  memoryHits: 'Those of them that got a value which this process kept while the storage was out.',
  misses: 'Reads that found none.',
  loads: 'Loads that began.',
  loadFailures: 'Loads that failed.',
  loadMs: 'How long loads took altogether, in milliseconds.',
  joined: 'Calls that shared a load of this process.',
  waits: 'Calls that waited for the load of another process.',
  takeOvers: 'Loads that replaced one of another process that had ended without a value, or took too long.',
  refreshes: 'Loads in the background.',
  earlyRefreshes: 'Those of them that began before the end of the value.',
  fillsRefused: 'Loaded values that were not stored, because an invalidation came first.',
  unreadable: 'Stored values that could not be read.',
  oversize: 'Values that were too large to be stored.',
  queuedRemovals: 'Removals that wait for the storage to answer again.',
} as const satisfies Record<Exclude<keyof CacheStats, 'hitRate' | 'breaker' | 'near' | 'delta'>, string>

export const cacheStatsSchema: object = {
  tags,
  summary: 'How the cache of this process is doing',
  response: {
    200: {
      type: 'object',
      properties: {
        ...Object.fromEntries(
          Object.entries(COUNTERS).map(([name, description]) => [name, { type: 'number', description }]),
        ),
        hitRate: { type: 'number', description: 'Hits of all reads; absent before the first.' },
        breaker: {
          type: 'string',
          enum: ['closed', 'open'],
          description: 'open: the storage did not answer, and is not asked for the moment.',
        },
        near: {
          type: 'object',
          additionalProperties: true,
          description: 'What this process keeps of what it has read; absent without near.',
        },
      },
    },
  },
}

export const healthSchema: object = {
  tags,
  summary: 'Whether the storage answers, and does what it is asked',
  response: Object.fromEntries(
    [200, 503].map((status) => [
      status,
      {
        type: 'object',
        additionalProperties: true,
        properties: {
          status: { type: 'string', enum: ['up', 'degraded', 'down'] },
          connection: { type: 'string' },
          roundTripMs: nullable('number'),
          cacheBreaker: { type: 'string', enum: ['closed', 'open'] },
          eventLoopDelayMs: { type: 'number' },
          findings: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                code: { type: 'string' },
                severity: { type: 'string', enum: ['error', 'warning'] },
                message: { type: 'string' },
                fix: { type: 'string' },
                stopsWork: { type: 'boolean' },
                stopsCache: { type: 'boolean' },
              },
            },
          },
          error: nullable('string'),
        },
      },
    ]),
  ),
}
