/**
 * What takes long begins first, so that nothing long is left to run alone at the end. What is not named here comes after
 * it. A list that is out of date costs time, and nothing else: `npm test` counts every test in any order.
 */

/** Folders of workspaces, by the time that their tests take with two workers. */
const WORKSPACES: readonly string[] = [
  'tests/e2e',
  'apps/demo',
  'packages/hangfire-compat',
  'packages/core',
  'packages/cli',
  'packages/redis-node',
  'tests/versions',
  'examples/recipes',
  'docs',
  'packages/redis-ioredis',
  'packages/nest',
  'scripts',
  'tests/http-conformance',
  'examples',
  'packages/fastify',
  'tests/support',
  'packages/redis-protocol',
  'tests/chaos',
  'packages/bullmq',
]

/** Test files that take more than ten seconds, and more than most of their workspace. Vitest would go by their size. */
const FILES: readonly string[] = [
  'docs/test/site.test.ts',
  'packages/cli/test/commands/doctor.test.ts',
  'packages/cli/test/commands/jobs.test.ts',
  'packages/cli/test/commands/cache.test.ts',
  'packages/cli/test/commands/locks.test.ts',
  'packages/cli/test/topologies.test.ts',
  'packages/core/test/simulator/mutations.test.ts',
  'packages/core/test/simulator/cache.test.ts',
  'packages/core/test/simulator/idempotency.test.ts',
  'packages/core/test/simulator/locks.test.ts',
  'packages/core/test/call-chain.test.ts',
  'packages/core/test/idempotency/decide-properties.test.ts',
  'packages/core/test/simulator/near.test.ts',
  'examples/recipes/test/postgres.test.ts',
  'examples/recipes/test/cron.test.ts',
  'examples/recipes/test/test-runners.test.ts',
  'examples/recipes/test/flags.test.ts',
  'examples/test/run.test.ts',
  'packages/fastify/test/http-cases.test.ts',
  'packages/fastify/test/fastify4.test.ts',
  'packages/hangfire-compat/test/hostile/schedules.test.ts',
  'packages/hangfire-compat/test/cli/check.test.ts',
  'packages/hangfire-compat/test/locks/losses.test.ts',
  'packages/hangfire-compat/test/server/processes.test.ts',
  'packages/hangfire-compat/test/server/outage.test.ts',
  'packages/nest/test/http-cases-express.test.ts',
  'packages/nest/test/http-cases-fastify.test.ts',
  'packages/redis-ioredis/test/cluster.test.ts',
  'packages/redis-ioredis/test/smallest-adapter.test.ts',
  'packages/redis-ioredis/test/kit.test.ts',
  'packages/redis-ioredis/test/kit-5.test.ts',
  'packages/redis-ioredis/test/demoted.test.ts',
  'packages/redis-node/test/cluster.test.ts',
  'packages/redis-node/test/kit-pool.test.ts',
  'packages/redis-node/test/kit.test.ts',
  'packages/redis-node/test/kit-5.test.ts',
  'packages/redis-protocol/test/leases-on-a-replica.test.ts',
  'apps/demo/test/demo.test.ts',
  'apps/demo/test/browser/tour.test.ts',
  'apps/demo/test/server/serve-page.test.ts',
  'apps/demo/test/live/starts.test.ts',
  'apps/demo/test/live/life.test.ts',
  'apps/demo/test/live/fleet.test.ts',
  'apps/demo/test/jobs.test.ts',
  'apps/demo/test/demo-forms.test.ts',
  'scripts/test/commands.test.ts',
  'tests/chaos/test/chaos.test.ts',
  'tests/e2e/test/operations/runbook.test.ts',
  'tests/e2e/test/processes.test.ts',
  'tests/e2e/test/host/bootstrap.test.ts',
  'tests/e2e/test/client-faults.test.ts',
  'tests/e2e/test/operations/topologies.test.ts',
  'tests/e2e/test/step-by-step.test.ts',
  'tests/e2e/test/exit.test.ts',
  'tests/e2e/test/bullmq.test.ts',
  'tests/e2e/test/kubernetes.test.ts',
  'tests/e2e/test/restore.test.ts',
  'tests/e2e/test/rights.test.ts',
  'tests/e2e/test/operators.test.ts',
  'tests/e2e/test/sentinel.test.ts',
  'tests/e2e/test/cache/outage.test.ts',
  'tests/e2e/test/cache/invalidation.test.ts',
  'tests/e2e/test/cache/mend-first.test.ts',
  'tests/e2e/test/cache/one-load.test.ts',
  'tests/e2e/test/cache/lifetimes.test.ts',
  'tests/e2e/test/quick-start/faults.test.ts',
  'tests/e2e/test/starving.test.ts',
  'tests/e2e/test/lock-owner-killed.test.ts',
  'tests/e2e/test/job-cases-ioredis.test.ts',
  'tests/e2e/test/job-cases-redis.test.ts',
  'tests/e2e/test/job-cases-memory.test.ts',
  'tests/http-conformance/test/http-cases-express5.test.ts',
  'tests/http-conformance/test/http-cases-express4.test.ts',
  'tests/http-conformance/test/http-cases-node.test.ts',
  'tests/versions/test/mixed.test.ts',
  'tests/versions/test/nest.test.ts',
  'tests/versions/test/packed.test.ts',
]

/** For `toSorted`: the folder of the workspace that begins first. */
export function longestWorkspaceFirst(one: string, other: string): number {
  return placeIn(WORKSPACES, one) - placeIn(WORKSPACES, other)
}

/** For `toSorted`: the path of the test file that begins first. */
export function longestFileFirst(one: string, other: string): number {
  const place = (path: string): number =>
    placeIn(FILES, FILES.find((file) => path.endsWith(`/${file}`)) ?? path)
  return place(one) - place(other)
}

function placeIn(list: readonly string[], name: string): number {
  const place = list.indexOf(name)
  return place === -1 ? list.length : place
}
