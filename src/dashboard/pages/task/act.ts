import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import type { Task } from '../../state/service/shapes.ts'
import { titleOfTask } from '../../words/tasks/tasks.ts'

export type Steered = Pick<Task, 'id' | 'task' | 'name' | 'status'>

export function askToRetry(task: Steered, then?: (task: Task) => void) {
  confirm({
    title: `Retry ${titleOfTask(task)}?`,
    text: 'It keeps its id and gets a fresh set of attempts.',
    yes: 'Retry task',
    needs: 'retryTask',
    act: async () => {
      const answer = await act<Task>('It waits for a worker again', 'POST', `/api/tasks/${task.id}/retry`)
      if (answer) then?.(answer)
    }
  })
}

export function askToCancel(task: Steered, then?: (task: Task) => void) {
  confirm({
    title: `Cancel ${titleOfTask(task)}?`,
    text:
      task.status === 'PROCESSING'
        ? 'Its worker is told, and its processes are ended.'
        : 'It will not run. It can be retried later.',
    yes: 'Cancel task',
    needs: 'cancelTask',
    danger: true,
    act: async () => {
      const told = ({ status }: Task) =>
        status === 'CANCELLED'
          ? 'Cancelled; nothing of it runs any more'
          : 'Its worker is told; its processes have not ended yet'
      const answer = await act<Task>(told, 'POST', `/api/tasks/${task.id}/cancel?wait=5`)
      if (answer) then?.(answer)
    }
  })
}

export function askToForget(task: Steered, then: () => void) {
  confirm({
    title: `Forget ${titleOfTask(task)}?`,
    text: 'Its row, its result and its attempts are removed. This cannot be undone.',
    yes: 'Forget task',
    needs: 'forgetTask',
    danger: true,
    grave: true,
    act: async () => {
      if (await act('The task is forgotten', 'DELETE', `/api/tasks/${task.id}`)) then()
    }
  })
}
