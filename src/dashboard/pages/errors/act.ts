import { act } from '../../state/act.ts'
import { request } from '../../state/api.ts'
import { confirm } from '../../state/confirm.ts'
import type { ErrorGroup, ErrorTasks } from '../../state/shapes.ts'
import { plural } from '../../words/number.ts'

// More than that are retried by SQL: ops.retry_where.
export const mostAtOnce = 1000

export function retryGroup({ fingerprint, task, count }: ErrorGroup) {
  const many = plural(Math.min(count, mostAtOnce), 'task')
  confirm({
    title: `Retry ${many} of ${task}?`,
    text: 'Each keeps its id and gets a fresh set of attempts.',
    yes: `Retry ${many}`,
    needs: 'retryTask',
    act: async () => {
      const { tasks } = await request<ErrorTasks>('GET', `/api/errors/${fingerprint}?limit=${mostAtOnce}`)
      for (const { id } of tasks) await act('They wait for a worker again', 'POST', `/api/tasks/${id}/retry`)
    }
  })
}
