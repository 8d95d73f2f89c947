import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { lacks } from '../../state/service/session.ts'
import type { Worker } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { plural } from '../../words/number.ts'

const path = ({ id }: Worker) => `/api/workers/${id}`

export function WorkerButtons({ worker }: { worker: Worker }) {
  if (worker.status !== 'running') return null
  const named = <span class="only-heard"> worker on {worker.host}</span>
  // By their keys no button changes its meaning under a finger.
  return (
    <div class="buttons">
      {worker.paused ? (
        <Button
          key="resume"
          icon="play"
          look="main"
          needs="steerWorker"
          onClick={() => act('The worker takes tasks again', 'PATCH', path(worker), { body: { paused: false } })}
        >
          Resume{named}
        </Button>
      ) : (
        <Button key="pause" icon="pause" needs="steerWorker" onClick={() => pause(worker)}>
          Pause{named}
        </Button>
      )}
      <Button needs="shutDownWorker" onClick={() => stop(worker, 'warm')}>
        Stop{named}
      </Button>
      <Button needs="shutDownWorker" onClick={() => stop(worker, 'cold')}>
        Stop at once{named}
      </Button>
    </div>
  )
}

function pause(worker: Worker) {
  confirm({
    title: `Pause the worker on ${worker.host}?`,
    text: 'Its running tasks finish. It takes no others until it is resumed.',
    yes: 'Pause worker',
    needs: 'steerWorker',
    act: () => act('The worker is paused', 'PATCH', path(worker), { body: { paused: true } })
  })
}

function stop(worker: Worker, mode: 'warm' | 'cold') {
  const running = plural(worker.running.length, 'running task')
  confirm({
    title: `Stop the worker on ${worker.host}?`,
    text:
      mode === 'warm'
        ? `It finishes its ${running}, then its process ends.`
        : `Its ${running} go back to their queues, and its process ends now.`,
    yes: mode === 'warm' ? 'Stop worker' : 'Stop worker at once',
    needs: 'shutDownWorker',
    danger: true,
    act: () => act('The worker is told to stop', 'POST', `${path(worker)}/shutdown`, { body: { mode } })
  })
}

/** What was asked for and what the worker says are both shown until they agree. */
export function Concurrency({ worker }: { worker: Worker }) {
  const [asked, setAsked] = useState<number | undefined>()
  if (worker.status !== 'running') return <span class="number">{worker.concurrency}</span>
  const most = Math.max(16, worker.concurrency * 2)
  const value = asked ?? worker.concurrency
  const differs = asked !== undefined && asked !== worker.concurrency
  return (
    <div class="steering">
      <input
        type="range"
        min={1}
        max={most}
        disabled={lacks('steerWorker') !== undefined}
        value={value}
        aria-label={`Concurrency of the worker on ${worker.host}`}
        onInput={event => setAsked(Number(event.currentTarget.value))}
        onChange={async event => {
          const body = { concurrency: Number(event.currentTarget.value) }
          const answer = await act('The worker is told', 'PATCH', path(worker), { body })
          if (!answer) setAsked(undefined)
        }}
      />
      <span class="number">
        {value}
        {differs ? <span class="soft"> asked, {worker.concurrency} now</span> : ''}
        {worker.children > worker.concurrency && <span class="soft">, {worker.children} processes still</span>}
      </span>
    </div>
  )
}
