import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Worker } from '../../state/service/shapes.ts'
import { CopyAs, CopyButton } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Span } from '../../ui/time.tsx'
import { curlText, sqlText } from '../../words/copy.ts'
import { shortId } from '../../words/number.ts'
import { Sandbox } from './sandbox.tsx'
import { Slots } from './slots.tsx'
import { WorkerButtons } from './steer.tsx'
import { WorkerFacts } from './workers.tsx'

export function WorkerPage({ id }: { id: string }) {
  const path = `/api/workers/${encodeURIComponent(id)}`
  const found = useQuery<Worker>(path, 2)
  const worker = found.data.value
  if (!worker) {
    return (
      <Page title="Worker" busy={!found.error.value}>
        <Refused query={found} />
        {!found.error.value && <Waiting />}
      </Page>
    )
  }
  return (
    <Page
      title={`Worker on ${worker.host}`}
      actions={
        <>
          <WorkerButtons worker={worker} />
          <CopyAs
            curl={curlText(serviceAddress, 'GET', path)}
            sql={`select * from ops.workers where id = ${sqlText(worker.id)};`}
          />
        </>
      }
    >
      <p class="task-status">
        <Word word={worker.paused && worker.status === 'running' ? 'paused' : worker.status} />
        {worker.shutdown && <span class="soft">stopping ({worker.shutdown})</span>}
        <span class="mono soft breaks">{worker.id}</span>
        <CopyButton text={worker.id} label="Copy id" />
      </p>
      <div class="columns">
        <section class="card">
          <h2>Worker</h2>
          <WorkerFacts worker={worker} />
        </section>
        <section class="card" aria-label="Media sandbox">
          <h2>Media sandbox</h2>
          <Sandbox sandbox={worker.media_sandbox} />
        </section>
        <RunningNow worker={worker} />
      </div>
    </Page>
  )
}

function RunningNow({ worker }: { worker: Worker }) {
  return (
    <section class="card">
      <h2>Running now</h2>
      <Slots worker={worker} />
      {worker.running.length === 0 && <Empty title="Nothing runs in it" />}
      <ul class="lines">
        {worker.running.map(task => (
          <li key={task.task_id}>
            <a class="cut-off" href={href(`/tasks/${task.task_id}`)}>
              {task.task} <span class="mono soft">{shortId(task.task_id)}</span>
            </a>
            <span class="soft">{task.queue}</span>
            <Span from={task.started_at} to={null} />
          </li>
        ))}
      </ul>
      <p>
        <a href={href(`/tasks?worker=${worker.id}`)}>Tasks whose latest attempt ran in it</a>
      </p>
    </section>
  )
}
