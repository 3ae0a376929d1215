/** Makes holdfast.json, the dashboard to import: `npm run dashboard`. */
import {
  type Dashboard,
  DashboardBuilder,
  DatasourceVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { HERE, REDIS, graph, lost, now, number, p95, perSecond, row, variable } from './panels.ts'

const MEMORY = `redis_memory_used_bytes{${REDIS}} / (redis_memory_max_bytes{${REDIS}} > 0)`

/** The dashboard. Its rows go from what is wrong to where. */
export const dashboard: Dashboard = new DashboardBuilder('Holdfast')
  .uid('holdfast')
  .description('Locks, jobs and cache. What to do about an alert: docs/operations/runbook.md.')
  .tags(['holdfast'])
  .time({ from: 'now-1h', to: 'now' })
  .refresh('30s')
  .annotations([])
  .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
  .withVariable(variable('job', 'App', 'label_values({__name__=~"holdfast_.+"}, job)'))
  .withVariable(
    variable('instance', 'Process', 'label_values({__name__=~"holdfast_.+", job=~"$job"}, instance)'),
  )
  .withVariable(variable('redis', 'Redis', 'label_values(redis_up, instance)'))

  .withRow(row('Is anything wrong now?'))
  .withPanel(
    number(
      'Alerts',
      'Alerts of holdfast.rules.yml that fire. Alertmanager has their descriptions.',
      'short',
      'count(ALERTS{alertname=~"Holdfast.+", alertstate="firing"}) or vector(0)',
      ['low', 1],
    ),
  )
  .withPanel(
    number(
      'Processes up',
      'Processes that Prometheus can scrape. Fewer than you run: some are dead, frozen, or cut off.',
      'short',
      `count(up{${HERE}} == 1) or vector(0)`,
      ['high', 1],
    ),
  )
  .withPanel(
    number(
      'Without Redis',
      'Processes whose connection to Redis is down. They start no lock and no job.',
      'short',
      `count(holdfast_storage_connected{${HERE}, storage="main"} == 0) or vector(0)`,
      ['low', 1],
    ),
  )
  .withPanel(
    number(
      'Without the cache',
      'Processes whose breaker is open: every read loads from its source.',
      'short',
      `sum(holdfast_cache_breaker_open{${HERE}}) or vector(0)`,
      ['low', 1],
    ),
  )
  .withPanel(
    number(
      'Leases lost',
      'Locks and jobs that were lost in ten minutes while a process worked under them.',
      'short',
      `${lost('holdfast_job_lost_total')} + ${lost('holdfast_lock_lost_total')}`,
      ['low', 0.5],
    ),
  )
  .withPanel(
    number(
      'Oldest job',
      'How long the job has run that has run the longest.',
      's',
      `max(holdfast_job_oldest_age_seconds{${HERE}}) or vector(0)`,
      ['low', 1800],
    ),
  )
  .withPanel(
    number(
      'Waiters',
      'Callers that wait for a lock or for a job of another caller.',
      'short',
      `(sum(holdfast_lock_waiting{${HERE}}) or vector(0)) + (sum(holdfast_job_waiting{${HERE}}) or vector(0))`,
      ['low', 20],
    ),
  )
  .withPanel(
    number(
      'Redis memory',
      'Of maxmemory. Without maxmemory there is no number.',
      'percentunit',
      `max(${MEMORY})`,
      ['low', 0.8],
    ),
  )

  .withRow(row('Jobs'))
  .withPanel(
    graph('Running', 'Executions now.', 'short', {
      '{{job_type}}': now('holdfast_job_running', 'job_type'),
    }),
  )
  .withPanel(
    graph('Age of the oldest', 'A line that climbs without an end is a stuck job.', 's', {
      '{{job_type}} on {{instance}}': now('holdfast_job_oldest_age_seconds', 'job_type, instance', 'max'),
    }),
  )
  .withPanel(
    graph('Duration, p95', 'How long executions ran until their end was recorded.', 's', {
      '{{job_type}}': p95('holdfast_job_duration_seconds', 'job_type'),
    }),
  )
  .withPanel(
    graph(
      'Ends',
      'Executions that ended, a second. lost and unconfirmed: the work may be done again.',
      'ops',
      {
        '{{job_type}} {{outcome}}': perSecond('holdfast_job_duration_seconds_count', 'job_type, outcome'),
      },
    ),
  )
  .withPanel(
    graph('Starts', 'first, retry after a failure, takeover from a process that fell silent.', 'ops', {
      '{{job_type}} {{kind}}': perSecond('holdfast_job_starts_total', 'job_type, kind'),
    }),
  )
  .withPanel(
    graph('Calls that started nothing', 'They got the answer of another call, or a refusal.', 'ops', {
      '{{job_type}} {{outcome}}': perSecond('holdfast_job_answers_total', 'job_type, outcome'),
    }),
  )

  .withRow(row('Locks'))
  .withPanel(
    graph('Waiting', 'Callers in line now, for a lock and for a job of another caller.', 'short', {
      '{{lock}}': now('holdfast_lock_waiting', 'lock'),
      'job {{job_type}}': now('holdfast_job_waiting', 'job_type'),
    }),
  )
  .withPanel(
    graph('Wait, p95', 'From asking for a lock to having it, or giving up.', 's', {
      '{{lock}}': p95('holdfast_lock_wait_duration_seconds', 'lock'),
    }),
  )
  .withPanel(
    graph('Calls that gave up', 'A second, by why.', 'ops', {
      '{{lock}} {{outcome}}': `sum by (lock, outcome) (rate(holdfast_lock_wait_duration_seconds_count{${HERE}, outcome!="granted"}[$__rate_interval]))`,
    }),
  )
  .withPanel(
    graph('Held', 'Locks that are held now.', 'short', { '{{lock}}': now('holdfast_lock_held', 'lock') }),
  )
  .withPanel(
    graph('Age of the oldest', 'For how long a lock has been held that is held now.', 's', {
      '{{lock}} on {{instance}}': now('holdfast_lock_oldest_age_seconds', 'lock, instance', 'max'),
    }),
  )
  .withPanel(
    graph('Lost', 'Leases of locks and jobs, a second, by why.', 'ops', {
      '{{lock}} {{reason}}': perSecond('holdfast_lock_lost_total', 'lock, reason'),
      'job {{job_type}} {{reason}}': perSecond('holdfast_job_lost_total', 'job_type, reason'),
    }),
  )

  .withRow(row('Cache'))
  .withPanel(
    graph('Hit ratio', 'Of all reads, stale answers included.', 'percentunit', {
      '{{cache}}': `sum by (cache) (rate(holdfast_cache_reads_total{${HERE}, outcome!="miss"}[$__rate_interval])) / sum by (cache) (rate(holdfast_cache_reads_total{${HERE}}[$__rate_interval]))`,
    }),
  )
  .withPanel(
    graph('Loads', 'A second: what the source has to bear.', 'ops', {
      '{{cache}} {{outcome}}': perSecond('holdfast_cache_load_duration_seconds_count', 'cache, outcome'),
    }),
  )
  .withPanel(
    graph('Load, p95', 'How long the source takes.', 's', {
      '{{cache}}': p95('holdfast_cache_load_duration_seconds', 'cache'),
    }),
  )
  .withPanel(
    graph('Loading', 'Loads that run now.', 'short', { '{{cache}}': now('holdfast_cache_loading', 'cache') }),
  )
  .withPanel(
    graph('Failed loads', 'Of all loads, also those whose failure a stale value hides.', 'percentunit', {
      '{{cache}}': `${perSecond('holdfast_cache_load_failures_total', 'cache')} / ${perSecond('holdfast_cache_load_duration_seconds_count', 'cache')}`,
    }),
  )
  .withPanel(
    graph(
      'Problems',
      'bypassed: Redis did not answer. oversize, unreadable: a value is never stored.',
      'ops',
      {
        '{{cache}} {{kind}}': perSecond('holdfast_cache_problems_total', 'cache, kind'),
      },
    ),
  )

  .withRow(row('Storage'))
  .withPanel(
    graph('Connected', '1 is connected. A frozen Redis keeps its connections: see the next panel.', 'short', {
      '{{instance}} {{prefix}} {{storage}}': now(
        'holdfast_storage_connected',
        'instance, prefix, storage',
        'max',
      ),
    }),
  )
  .withPanel(
    graph('Calls that failed', 'UNAVAILABLE: no answer in time. REFUSED: rights, memory.', 'ops', {
      '{{instance}} {{storage}} {{code}}': perSecond(
        'holdfast_storage_failures_total',
        'instance, storage, code',
      ),
    }),
  )
  .withPanel(
    graph(
      'Renewal lag, p95',
      'Near two thirds of a lease it gets lost: the process stands still, or Redis does.',
      's',
      {
        'job {{job_type}}': p95('holdfast_job_renewal_lag_seconds', 'job_type'),
        '{{lock}}': p95('holdfast_lock_renewal_lag_seconds', 'lock'),
      },
    ),
  )

  .withRow(row('Redis'))
  .withPanel(
    graph('Memory', 'At the maximum Redis refuses new locks and jobs, or evicts them.', 'bytes', {
      '{{instance}} used': `redis_memory_used_bytes{${REDIS}}`,
      '{{instance}} maximum': `redis_memory_max_bytes{${REDIS}} > 0`,
    }),
  )
  .withPanel(
    graph('Commands', 'A second.', 'ops', {
      '{{instance}}': `rate(redis_commands_processed_total{${REDIS}}[$__rate_interval])`,
    }),
  )
  .withPanel(
    graph('Evicted keys', 'A second. An evicted record or lease is work that is done twice.', 'ops', {
      '{{instance}}': `rate(redis_evicted_keys_total{${REDIS}}[$__rate_interval])`,
    }),
  )
  .build()

if (import.meta.main) console.log(JSON.stringify(dashboard, undefined, 2))
