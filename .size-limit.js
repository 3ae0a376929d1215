/** What a service ships: one entry, bundled for Node and compressed. */
const bundle = (name, path, imports, limit) => ({
  name,
  path,
  import: imports,
  limit,
  gzip: true,
  modifyEsbuildConfig: (config) => ({ ...config, platform: 'node' }),
})

const core = 'packages/core/dist/index.js'

// A little above what they are: growth is a decision.
export default [
  bundle('core: createLocks', core, '{ createLocks }', '13.9 kB'),
  bundle('core: createIdempotency', core, '{ createIdempotency }', '24.6 kB'),
  bundle('core: createCache', core, '{ createCache }', '33.7 kB'),
  bundle('core: everything', core, '*', '65.9 kB'),
  // Beside core, which it has as a dependency.
  { ...bundle('http', 'packages/http/dist/index.js', '*', '13.2 kB'), ignore: ['@holdfast/core'] },
  {
    ...bundle('bullmq', 'packages/bullmq/dist/index.js', '*', '3.7 kB'),
    ignore: ['@holdfast/core', 'bullmq'],
  },
  ...Object.entries({ prometheus: '6.3 kB', opentelemetry: '8.7 kB', pino: '0.8 kB' }).map(
    ([entry, limit]) => ({
      ...bundle(`telemetry: ${entry}`, `packages/telemetry/dist/${entry}/index.js`, '*', limit),
      ignore: ['@holdfast/core', '@opentelemetry/api', 'prom-client'],
    }),
  ),
]
