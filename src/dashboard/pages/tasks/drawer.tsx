import { go, href, withQuery } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Task } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Json } from '../../ui/json.tsx'
import { useKeys } from '../../ui/keys.ts'
import { Drawer } from '../../ui/overlays/drawer.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { StatusWord } from '../../ui/status.tsx'
import { commandText, curlText, sqlText } from '../../words/copy.ts'
import { isFinal, mayRetry, paceOfTask, titleOfTask } from '../../words/tasks/tasks.ts'
import { askToCancel, askToRetry } from '../task/act.ts'
import { ErrorBox, SteerButtons, TaskFacts, TaskProgress, WhyBox } from '../task/parts.tsx'

/** A task beside the list. */
export function TaskDrawer({ id, move }: { id: string; move(step: number): void }) {
  const path = `/api/tasks/${id}`
  const query = useQuery<Task>(path, paceOfTask)
  const task = query.data.value
  const close = () => go(withQuery({ peek: undefined }))
  useKeys({
    '[': () => move(-1),
    ']': () => move(1),
    r: () => task && mayRetry(task) && askToRetry(task),
    c: () => task && !isFinal(task) && askToCancel(task),
    o: () => go(`/tasks/${id}`)
  })

  return (
    <Drawer label={task ? titleOfTask(task) : 'Task'} onClose={close}>
      <div class="drawer-head">
        <h2 class="cut-off" tabIndex={-1}>
          {task ? titleOfTask(task) : 'Task'}
        </h2>
        <a
          class="button quiet only-icon"
          href={href(`/tasks/${id}`)}
          aria-label="Open as a page"
          title="Open as a page (o)"
        >
          <Icon name="open" />
        </a>
        <Button icon="close" look="quiet" label="Close" title="Close (Escape)" onClick={close} />
      </div>
      <div class="drawer-body" aria-busy={!task}>
        <Refused query={query} />
        {!task && !query.error.value && <Waiting />}
        {task && <Body task={task} path={path} />}
      </div>
    </Drawer>
  )
}

function Body({ task, path }: { task: Task; path: string }) {
  return (
    <>
      <div class="drawer-status">
        <StatusWord status={task.status} progress={task.progress} />
        <div class="buttons">
          <SteerButtons task={task} />
          <CopyAs
            curl={curlText(serviceAddress, 'GET', path)}
            cli={commandText(`task show ${task.id}`)}
            sql={`select * from ops.tasks where id = ${sqlText(task.id)};`}
          />
        </div>
      </div>
      <TaskProgress task={task} />
      <WhyBox task={task} />
      <ErrorBox task={task} />
      <TaskFacts task={task} />
      <section class="section">
        <h3>Args</h3>
        <Json value={task.args} label="args" />
      </section>
      {task.result !== null && (
        <section class="section">
          <h3>Result</h3>
          <Json value={task.result} label="result" />
        </section>
      )}
    </>
  )
}
