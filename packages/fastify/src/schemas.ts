/** JSON schemas of the routes that serve state: what they accept, and what @fastify/swagger shows. */

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
      status: { type: 'string', enum: ['executing', 'completed', 'failed'] },
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

export const cacheStatsSchema: object = {
  tags,
  summary: 'How the cache of this process is doing',
  response: { 200: { type: 'object', additionalProperties: true } },
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
