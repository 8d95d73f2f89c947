import { print, printJson, remark } from '../screen/print.ts'
import { progressBar } from '../screen/progress.ts'
import { harmless } from '../screen/text.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { untilFinished } from './until-finished.ts'

interface Waited {
  json?: boolean | undefined
  timeout?: number | undefined
}

/** Prints the result. The exit code is 1 where the task failed, was cancelled, or has not ended in time. */
export async function waitForTask(service: Service, word: string, { json, timeout }: Waited) {
  const id = await taskId(service, word)
  const bar = progressBar('task')
  const task = await untilFinished(service, id, {
    timeout,
    onChange: ({ progress, status }) => bar.set(progress, status)
  })
  bar.clear()
  const { status, error, result } = task
  if (json) printJson(task)
  else if (task.state === 'SUCCESS') print(result === null ? status : harmless(JSON.stringify(result, null, 2)))
  if (task.finished_at === null) remark(`The task is not finished after ${timeout} s: it is ${status}`)
  else if (task.state !== 'SUCCESS') remark(harmless(`The task is ${status}: ${error?.type}, ${error?.message}`))
  return task.state === 'SUCCESS' ? 0 : 1
}
