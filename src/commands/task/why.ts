import { quoted } from '#dashboard/words/copy.ts'
import { show } from '../screen/print.ts'
import { harmless } from '../screen/text.ts'
import { when } from '../screen/times.ts'
import type { Why } from '../service/bodies.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

interface Action {
  method: string
  url: string
  body?: { paused?: boolean }
}

export async function explainTask(service: Service, word: string, { json }: { json?: boolean }) {
  const why = await service.get<Why>(`api/tasks/${await taskId(service, word)}/why`)
  show(why, { json, text: () => describe(why) })
}

function describe({ code, sentence, since, until, actions }: Why) {
  const typed = actions.map(commandOf).filter(command => command !== undefined)
  const lines = [
    `${code}: ${sentence}`,
    since && `since  ${when(since)}`,
    until && `until  ${when(until)}`,
    ...typed.map(command => `type   ${command}`)
  ]
  return harmless(lines.filter(Boolean).join('\n'))
}

/** The same act as a command of ours; undefined where there is none. */
function commandOf({ method, url, body }: Action) {
  const [, what, id = '', act] = /^\/api\/(\w+)\/([^/?]+)(?:\/(\w+))?/.exec(url) ?? []
  const name = /^[\w.-]+$/.test(id) ? id : quoted(decodeURIComponent(id))
  if (what === 'tasks' && method === 'POST' && (act === 'cancel' || act === 'retry'))
    return `darkroom task ${act} ${name}`
  if (what === 'queues' && act === 'resume') return `darkroom queue resume ${name}`
  return what === 'workers' && method === 'PATCH' && body?.paused === false
    ? `darkroom worker resume ${name}`
    : undefined
}
