import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Worker } from '../../state/service/shapes.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { curlText } from '../../words/copy.ts'
import { bytesText, countText } from '../../words/number.ts'
import { shortDuration } from '../../words/time.ts'
import { Slots } from './slots.tsx'
import { Concurrency, WorkerButtons } from './steer.tsx'

export function Workers() {
  const found = useQuery<{ items: Worker[] }>('/api/workers', 2)
  const workers = found.data.value?.items
  const versions = new Set(workers?.filter(({ status }) => status === 'running').map(({ version }) => version))
  return (
    <Page
      title="Workers"
      busy={!workers && !found.error.value}
      actions={<CopyAs curl={curlText(serviceAddress, 'GET', '/api/workers')} sql="select * from ops.workers;" />}
    >
      <Refused query={found} />
      {versions.size > 1 && (
        <p class="why">
          The running workers have {versions.size} versions: {[...versions].join(', ')}.
        </p>
      )}
      {!workers && !found.error.value && <Waiting />}
      {workers?.length === 0 && (
        <Empty title="There is no worker, so no task runs">
          <pre>node src/cli.ts worker</pre>
        </Empty>
      )}
      <ul class="cards worker-cards" aria-label="Workers">
        {workers?.map(worker => (
          <li key={worker.id} class={`card queue-card${worker.status === 'running' ? '' : ' is-gone'}`}>
            <div class="card-head">
              <h2 class="cut-off">
                <a href={href(`/workers/${worker.id}`)}>{worker.host}</a>
                <span class="soft"> {worker.pid}</span>
              </h2>
              <Word word={worker.paused && worker.status === 'running' ? 'paused' : worker.status} />
            </div>
            <Slots worker={worker} />
            <WorkerFacts worker={worker} />
            <WorkerButtons worker={worker} />
          </li>
        ))}
      </ul>
    </Page>
  )
}

export function WorkerFacts({ worker }: { worker: Worker }) {
  const { tasks } = worker
  const failed = tasks.failed + tasks.timed_out + tasks.crashed
  return (
    <dl class="facts">
      <dt>Concurrency</dt>
      <dd>
        <Concurrency worker={worker} />
      </dd>
      <dt>Queues</dt>
      <dd>{worker.queues.join(', ')}</dd>
      <dt>Memory, CPU</dt>
      <dd class="number">
        {worker.memory === null ? '–' : bytesText(worker.memory)},{' '}
        {worker.cpu === null ? '–' : `${worker.cpu.toFixed(1)} cores`}
      </dd>
      <dt>Heartbeat</dt>
      <dd class="number">
        {worker.status === 'stopped' ? <Ago time={worker.stopped_at} /> : `${shortDuration(worker.heartbeat_age)} ago`}
      </dd>
      <dt>Tasks</dt>
      <dd class="number">
        {countText(tasks.succeeded)} succeeded, {countText(failed)} failed
        {tasks.cancelled > 0 && `, ${countText(tasks.cancelled)} cancelled`}
      </dd>
      <dt>Started</dt>
      <dd>
        <Ago time={worker.started_at} /> <span class="soft">version {worker.version}</span>
      </dd>
    </dl>
  )
}
