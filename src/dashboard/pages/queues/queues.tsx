import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Queue, SeriesPoint } from '../../state/service/shapes.ts'
import { AuditLink } from '../../ui/audit-link.tsx'
import { Button } from '../../ui/button.tsx'
import { Spark } from '../../ui/charts/charts.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago, For } from '../../ui/time.tsx'
import { commandText, curlText } from '../../words/copy.ts'
import { countText, plural } from '../../words/number.ts'
import { durationText } from '../../words/time.ts'
import { minuteNow } from '../overview/moment.ts'
import { QueueButton } from './queue-button.tsx'

export function Queues() {
  const found = useQuery<{ items: Queue[] }>('/api/queues', 2)
  const from = new Date(minuteNow() - 3_600_000).toISOString()
  const series = useQuery<{ items: SeriesPoint[] }>(`/api/stats/series?metric=depth,wait_p95&by=queue&from=${from}`, 30)
  const queues = found.data.value?.items
  return (
    <Page
      title="Queues"
      busy={!queues && !found.error.value}
      actions={
        <CopyAs
          curl={curlText(serviceAddress, 'GET', '/api/queues')}
          cli={commandText('queue list')}
          sql="select * from ops.queue_depth;"
        />
      }
    >
      <Refused query={found} />
      {!queues && !found.error.value && <Waiting />}
      <ul class="cards" aria-label="Queues">
        {queues?.map(queue => (
          <QueueCard
            key={queue.name}
            queue={queue}
            points={(series.data.value?.items ?? []).filter(point => point.queue === queue.name)}
          />
        ))}
      </ul>
    </Page>
  )
}

function QueueCard({ queue, points }: { queue: Queue; points: SeriesPoint[] }) {
  const waits = points.flatMap(({ wait_p95 }) => (typeof wait_p95 === 'number' ? [wait_p95] : []))
  return (
    <li class="card queue-card">
      <div class="card-head">
        <h2 class="cut-off">
          <a href={href(`/tasks?queue=${encodeURIComponent(queue.name)}`)}>{queue.name}</a>
        </h2>
        {queue.paused && <Word word="paused" />}
      </div>
      <Paused queue={queue} />
      <Spark values={points.map(({ depth }) => (typeof depth === 'number' ? depth : null))} />
      <dl class="facts">
        <dt>Waiting</dt>
        <dd class="number">
          {countText(queue.depth)}{' '}
          {queue.oldest_age !== null && <span class="soft together">oldest {durationText(queue.oldest_age)}</span>}
        </dd>
        <dt>Running</dt>
        <dd class="number">{countText(queue.running)}</dd>
        <dt>In and out, 1 min</dt>
        <dd class="number">
          {countText(queue.per_minute.created)} / {countText(queue.per_minute.finished)}
        </dd>
        <dt>Pickup, p95</dt>
        <dd class="number">{waits.length > 0 ? durationText(Math.max(...waits)) : '–'}</dd>
        <dt>Workers</dt>
        <dd class={queue.workers === 0 ? 'bad number' : 'number'}>
          {queue.workers === 0 ? 'none takes from it' : countText(queue.workers)}
        </dd>
        <dt>Audit</dt>
        <dd>
          <AuditLink type="queue" id={queue.name} />
        </dd>
      </dl>
      <div class="buttons">
        <QueueButton queue={queue} />
        <Button icon="trash" needs="purgeQueue" disabled={queue.depth === 0} onClick={() => purge(queue)}>
          Purge<span class="only-heard"> queue {queue.name}</span>
        </Button>
      </div>
    </li>
  )
}

/** By which address or role, why, and until when. */
function Paused({ queue: { paused, paused_at, paused_by, reason, until } }: { queue: Queue }) {
  if (!paused || !paused_at) return null
  return (
    <p class="soft breaks">
      Paused <For since={paused_at} />
      {paused_by && ` by ${paused_by}`}
      {until && (
        <>
          , resumes <Ago time={until} />
        </>
      )}
      {reason && <span class="paused-why">{reason}</span>}
    </p>
  )
}

function purge({ name, depth }: Queue) {
  confirm({
    title: `Purge queue ${name}?`,
    text: `${plural(depth, 'waiting task')} will be cancelled. Each of them can be retried.`,
    yes: 'Purge queue',
    needs: 'purgeQueue',
    danger: true,
    grave: true,
    ...(depth > 100 && { typed: name }),
    act: () => act(`Queue ${name} is empty`, 'POST', `/api/queues/${encodeURIComponent(name)}/purge`)
  })
}
