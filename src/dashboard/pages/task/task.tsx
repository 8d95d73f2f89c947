import { useState } from 'preact/hooks'
import { go, href, query, withQuery } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Attempt, Task } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { AttemptTable, Gantt } from '../../ui/charts/gantt.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Json } from '../../ui/json.tsx'
import { useKeys } from '../../ui/keys.ts'
import { LinkButton } from '../../ui/link-button.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { StatusWord } from '../../ui/status.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { commandText, curlText, sqlText } from '../../words/copy.ts'
import { isFinal, mayRetry, paceOfTask, titleOfTask } from '../../words/tasks/tasks.ts'
import { askToCancel, askToRetry } from './act.ts'
import { Compare } from './compare.tsx'
import { EditButton } from './edit.tsx'
import { Events } from './events.tsx'
import { Log } from './log.tsx'
import { ErrorBox, SteerButtons, TaskFacts, TaskProgress, WhyBox } from './parts.tsx'

export function TaskPage({ id }: { id: string }) {
  const path = `/api/tasks/${encodeURIComponent(id)}`
  const found = useQuery<Task>(path, paceOfTask)
  const task = found.data.value
  const attempts = useQuery<{ items: Attempt[] }>(task ? `${path}/attempts` : undefined, () =>
    paceOfTask(found.data.peek())
  )
  useKeys({
    r: () => task && mayRetry(task) && askToRetry(task),
    c: () => task && !isFinal(task) && askToCancel(task)
  })

  if (!task) {
    return (
      <Page title="Task" busy={found.error.value === undefined}>
        <Refused query={found} />
        {!found.error.value && <Waiting />}
      </Page>
    )
  }
  return (
    <Page
      title={titleOfTask(task)}
      heading={
        <>
          {task.task}
          {task.name && <span class="soft"> {task.name}</span>}
        </>
      }
      busy={attempts.data.value === undefined && attempts.error.value === undefined}
      actions={<Acts task={task} path={path} />}
    >
      <p class="task-status">
        <StatusWord status={task.status} progress={task.progress} />
        {task.description && <span class="soft breaks">{task.description}</span>}
      </p>
      <TaskProgress task={task} />
      <WhyBox task={task} />
      <ErrorBox task={task} />
      <div class="task-page">
        <div class="task-main">
          <Attempts task={task} attempts={attempts.data.value?.items ?? []} />
          <Details task={task} attempts={attempts.data.value?.items ?? []} />
        </div>
        <section class="task-side" aria-label="Facts">
          <TaskFacts task={task} />
        </section>
      </div>
    </Page>
  )
}

function Acts({ task, path }: { task: Task; path: string }) {
  return (
    <>
      <SteerButtons task={task} onForgotten={() => go('/tasks')} />
      <EditButton task={task} />
      <LinkButton
        to={`/new?task=${encodeURIComponent(task.task)}&args=${encodeURIComponent(JSON.stringify(task.args))}`}
        needs="submitTask"
      >
        Submit again with changes
      </LinkButton>
      <CopyAs
        curl={curlText(serviceAddress, 'GET', path)}
        cli={commandText(`task show ${task.id}`)}
        sql={`select * from ops.tasks where id = ${sqlText(task.id)};`}
      />
    </>
  )
}

function Attempts({ task, attempts }: { task: Task; attempts: Attempt[] }) {
  const [asTable, setAsTable] = useState(false)
  useKeys({ v: () => setAsTable(!asTable) })
  return (
    <section>
      <div class="section-head">
        <h2>Attempts</h2>
        <Button pressed={asTable} onClick={() => setAsTable(!asTable)}>
          Table
        </Button>
      </div>
      {asTable ? <AttemptTable attempts={attempts} /> : <Gantt task={task} attempts={attempts} />}
    </section>
  )
}

function Details({ task, attempts }: { task: Task; attempts: Attempt[] }) {
  const failed = attempts.findLast(({ error }) => error !== null)
  const tabs = [
    { name: 'args', title: 'Args' },
    { name: 'result', title: 'Result' },
    { name: 'log', title: 'Log' },
    ...(failed ? [{ name: 'error', title: 'Error' }] : []),
    { name: 'compare', title: 'Compare' },
    { name: 'events', title: 'Events' },
    { name: 'json', title: 'JSON' }
  ]
  const usual = failed && task.status === 'FAILED' ? 'error' : task.status === 'COMPLETED' ? 'result' : 'args'
  const asked = query.value.get('tab')
  const chosen = tabs.some(({ name }) => name === asked) ? asked! : usual
  return (
    <section class="section" aria-label="Details">
      <Tabs label="Details" tabs={tabs} chosen={chosen} onChoose={tab => go(withQuery({ tab }), { replace: true })}>
        {chosen === 'args' && <Json value={task.args} label="args" />}
        {chosen === 'result' && <Result task={task} />}
        {chosen === 'log' && <Log task={task} attempts={attempts} />}
        {chosen === 'error' && failed && <Stack attempt={failed} task={task} />}
        {chosen === 'compare' && <Compare task={task} attempts={attempts} />}
        {chosen === 'events' && <Events task={task} />}
        {chosen === 'json' && <Json value={task} label="JSON" />}
      </Tabs>
    </section>
  )
}

function Result({ task }: { task: Task }) {
  if (task.result !== null) return <Json value={task.result} label="result" />
  if (task.error?.type === 'expired' && task.status === 'COMPLETED') return <Empty title={task.error.message} />
  return <Empty title={isFinal(task) ? 'It returned nothing' : 'There is no result yet'} />
}

function Stack({ attempt, task }: { attempt: Attempt; task: Task }) {
  const { type, message, stack } = attempt.error!
  const alike = new URLSearchParams({ task: task.task, error: message.slice(0, 80) })
  return (
    <>
      <p class="stack-head">
        Attempt {attempt.number}: <b>{type}</b>. <a href={href(`/tasks?${alike}`)}>Others that failed like this</a>
      </p>
      <pre class="log" tabIndex={0} role="region" aria-label="Stack trace">
        {stack ?? message}
      </pre>
    </>
  )
}
