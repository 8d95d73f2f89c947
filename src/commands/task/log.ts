import { printJson, printLine } from '../screen/print.ts'
import { harmless } from '../screen/text.ts'
import type { AttemptLog } from '../service/bodies.ts'
import { eventsAt } from '../service/events.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

interface Logged {
  json?: boolean
  attempt?: number
  follow?: boolean
}

/** The text as it is in a pipe, harmless on a terminal. */
export async function logOfTask(service: Service, word: string, { json, attempt, follow }: Logged) {
  const path = `api/tasks/${await taskId(service, word)}/log`
  const query = attempt === undefined ? '' : `?attempt=${attempt}`
  // A stream says nothing of why it is refused.
  const log = await service.get<{ items: AttemptLog[] }>(`${path}${query}`)
  if (!follow && json) return printJson(log)
  const write = writer(json)
  if (!follow) {
    const isOne = log.items.length < 2
    for (const item of log.items) write(item, isOne)
    return write.end()
  }
  for await (const { data } of eventsAt(service, `${path}${query}`)) write(JSON.parse(data), attempt !== undefined)
  write.end()
}

/** A line tells one attempt from the next. */
function writer(json: boolean | undefined) {
  let last = 1
  let isLineOpen = false
  function write(item: AttemptLog, isAlone: boolean) {
    if (json) return printLine(item)
    const { attempt } = item
    const text = process.stdout.isTTY ? harmless(item.text) : item.text
    const isNew = !isAlone && attempt !== last
    last = attempt
    if (text === '') return
    if (isNew) process.stdout.write(`${isLineOpen ? '\n' : ''}--- attempt ${attempt}\n`)
    process.stdout.write(text)
    isLineOpen = !text.endsWith('\n')
  }
  write.end = () => void (isLineOpen && process.stdout.write('\n'))
  return write
}
