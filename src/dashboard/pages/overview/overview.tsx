import { go, href, query, withQuery } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type {
  Page as Items,
  Problem,
  Queue,
  Schedule,
  SeriesPoint,
  Status,
  Task,
  Worker
} from '../../state/service/shapes.ts'
import { ActionButton } from '../../ui/action-button.tsx'
import { type Bar, Bars, Spark } from '../../ui/charts/charts.tsx'
import { Progress } from '../../ui/charts/progress.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Problems } from '../../ui/problems.tsx'
import { Refused } from '../../ui/said.tsx'
import { Ago } from '../../ui/time.tsx'
import { curlText } from '../../words/copy.ts'
import { countText, percentText, shortId } from '../../words/number.ts'
import { shareText, slotsOf, verdictOf, waitingText } from '../../words/overview.ts'
import { durationText } from '../../words/time.ts'
import { isSerious, moodOf } from '../../words/verdict.ts'
import { QueueButton } from '../queues/queue-button.tsx'
import { minuteNow } from './moment.ts'

export function Overview() {
  const problems = useQuery<{ items: Problem[] }>('/api/problems', 5)
  const queues = useQuery<{ items: Queue[] }>('/api/queues', 3)
  const workers = useQuery<{ items: Worker[] }>('/api/workers', 3)
  const known = problems.data.value && queues.data.value && workers.data.value
  const bad = problems.data.value?.items ?? []
  return (
    <Page
      title="Overview"
      busy={!known && !problems.error.value}
      actions={
        <CopyAs
          curl={curlText(serviceAddress, 'GET', '/api/problems')}
          cli="scripts/darkroom doctor"
          sql="select * from ops.queue_depth;"
        />
      }
    >
      <Refused query={problems} />
      {known && (
        <>
          <Verdict problems={bad} queues={queues.data.value!.items} workers={workers.data.value!.items} />
          <Numbers queues={queues.data.value!.items} workers={workers.data.value!.items} />
          <Chart />
          <div class="columns">
            <QueuesNow queues={queues.data.value!.items} />
            <Encoding />
            <Next />
          </div>
        </>
      )}
    </Page>
  )
}

/** The worst problem is the sentence, with the button that mends it; the others are a list below. */
function Verdict({ problems, queues, workers }: { problems: Problem[]; queues: Queue[]; workers: Worker[] }) {
  const worst = problems.find(isSerious)
  const others = problems.filter(problem => problem !== worst)
  return (
    <>
      <div class={`verdict mood-${moodOf(problems)}`}>
        <span class="verdict-mark" aria-hidden="true" />
        <p class="breaks" aria-live="polite">
          {verdictOf(problems, queues, workers)}
        </p>
        {worst && (
          <div class="buttons">
            {worst.actions.map((action, index) => (
              <ActionButton key={action.url + action.label} action={action} main={index === 0} />
            ))}
          </div>
        )}
      </div>
      {others.length > 0 && (
        <section aria-label="Problems">
          <Problems problems={others} />
        </section>
      )}
    </>
  )
}

function Numbers({ queues, workers }: { queues: Queue[]; workers: Worker[] }) {
  const metrics = 'created,succeeded,failed,depth,oldest,wait_p95'
  const from = new Date(minuteNow() - 3_600_000).toISOString()
  const points =
    useQuery<{ items: SeriesPoint[] }>(`/api/stats/series?metric=${metrics}&from=${from}`, 30).data.value?.items ?? []
  const values = (name: string) => points.map(point => (point[name] as number | null) ?? null)
  const sum = (name: string) => values(name).reduce<number>((sum, value) => sum + (value ?? 0), 0)
  const oldest = Math.max(0, ...queues.map(({ oldest_age }) => oldest_age ?? 0))
  const slots = slotsOf(workers)
  const waits = values('wait_p95').filter(value => value !== null)
  const numbers: [label: string, value: string, spark: (number | null)[], to: string][] = [
    ['Waiting', waitingText(queues), values('depth'), '/tasks?status=PENDING'],
    ['Oldest waits', oldest < 1 ? '0 s' : durationText(oldest), values('oldest'), '/queues'],
    ['Running', `${countText(slots.busy)} / ${countText(slots.all)}`, values('succeeded'), '/tasks?status=PROCESSING'],
    ['Failed, 1 h', countText(sum('failed')), values('failed'), '/tasks?status=FAILED&created_after=-1h'],
    ['Succeeded, 1 h', shareText(sum('succeeded'), sum('failed')), values('succeeded'), '/tasks?status=COMPLETED'],
    ['Pickup, p95', waits.length > 0 ? durationText(Math.max(...waits)) : '–', values('wait_p95'), '/queues']
  ]
  return (
    <ul class="numbers" aria-label="Numbers">
      {numbers.map(([label, value, spark, to]) => (
        <li key={label}>
          <a class="number-card" href={href(to)}>
            <span class="soft">{label}</span>
            <span class="big number">{value}</span>
            <Spark values={spark} />
          </a>
        </li>
      ))}
    </ul>
  )
}

const ranges: Record<string, { seconds: number; step: number }> = {
  '1h': { seconds: 3600, step: 60 },
  '24h': { seconds: 86_400, step: 900 },
  '7d': { seconds: 604_800, step: 7200 },
  '30d': { seconds: 2_592_000, step: 28_800 }
}
const order: Status[] = ['COMPLETED', 'CANCELLED', 'RETRYING', 'FAILED']
const metricOf: Partial<Record<Status, string>> = {
  COMPLETED: 'succeeded',
  CANCELLED: 'cancelled',
  RETRYING: 'retried',
  FAILED: 'failed'
}

function Chart() {
  const asked = query.value.get('range') ?? '24h'
  const name = asked in ranges ? asked : '24h'
  const { seconds, step } = ranges[name]!
  const to = Math.ceil(minuteNow() / (step * 1000)) * step * 1000
  const from = new Date(to - seconds * 1000).toISOString()
  const path = `/api/stats/series?metric=${Object.values(metricOf)}&step=${step}&from=${from}`
  const points = useQuery<{ items: SeriesPoint[] }>(path, 30).data.value?.items ?? []
  const bars: Bar[] = points.map(point => ({
    at: Date.parse(point.at),
    parts: Object.fromEntries(order.map(status => [status, Number(point[metricOf[status]!] ?? 0)]))
  }))
  return (
    <section class="section" aria-label="Finished tasks">
      <div class="section-head">
        <h2>Finished tasks</h2>
        <div class="segments">
          {Object.keys(ranges).map(range => (
            <a key={range} href={href(withQuery({ range }))} aria-current={range === name ? 'true' : undefined}>
              {range}
            </a>
          ))}
        </div>
      </div>
      <Bars
        label={`Finished tasks by status, ${name}`}
        bars={bars}
        order={order}
        height={160}
        step={step}
        onRange={(from, to) =>
          go(`/tasks?created_after=${new Date(from).toISOString()}&created_before=${new Date(to).toISOString()}`)
        }
      />
      <ul class="legend" aria-label="Colours">
        {order.map(status => (
          <li key={status} class={`status-${status}`}>
            <span class="legend-mark" aria-hidden="true" />
            {status}
          </li>
        ))}
      </ul>
    </section>
  )
}

function QueuesNow({ queues }: { queues: Queue[] }) {
  return (
    <section class="card">
      <h2>Queues</h2>
      <ul class="lines">
        {queues.map(queue => (
          <li key={queue.name}>
            <a class="cut-off" href={href(`/tasks?queue=${encodeURIComponent(queue.name)}`)}>
              {queue.name}
            </a>
            <span class="soft number">
              {countText(queue.depth)} wait, {countText(queue.running)} run
            </span>
            <QueueButton queue={queue} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Encoding() {
  const tasks =
    useQuery<Items<Task>>('/api/tasks?status=PROCESSING&task=process_video&limit=5', 2).data.value?.items ?? []
  return (
    <section class="card">
      <h2>Now encoding</h2>
      {tasks.length === 0 && <p class="soft">No film is being made.</p>}
      <ul class="lines">
        {tasks.map(({ id, video_id, name, progress }) => (
          <li key={id}>
            <a class="cut-off" href={href(`/videos/${video_id}`)}>
              {name ?? `Film ${shortId(video_id ?? id)}`}
            </a>
            <Progress value={progress} label={`Progress of ${name ?? `film ${shortId(video_id ?? id)}`}`} />
            <span class="number soft">{progress === null ? '' : percentText(progress)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Next() {
  const found =
    useQuery<Items<Schedule>>('/api/schedules?limit=200&enabled=true&system=false', 10).data.value?.items ?? []
  const soon = found
    .filter(({ next_run_at }) => next_run_at !== null)
    .sort((a, b) => a.next_run_at!.localeCompare(b.next_run_at!))
    .slice(0, 5)
  return (
    <section class="card">
      <h2>Next</h2>
      {soon.length === 0 && <p class="soft">Nothing is scheduled.</p>}
      <ul class="lines">
        {soon.map(({ id, name, next_run_at }) => (
          <li key={id}>
            <a class="cut-off" href={href(`/schedules/${id}`)}>
              {name}
            </a>
            <span class="soft number">
              <Ago time={next_run_at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
