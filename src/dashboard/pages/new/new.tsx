import { useState } from 'preact/hooks'
import { tell } from '../../state/act.ts'
import { type ApiError, request } from '../../state/api.ts'
import { serviceAddress } from '../../state/base.ts'
import { useQuery } from '../../state/query.ts'
import { randomName } from '../../state/random.ts'
import { go, query } from '../../state/route.ts'
import type { Kind, Queue, Task } from '../../state/shapes.ts'
import { Args } from '../../ui/args.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Field } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { fieldError, Refused, Waiting } from '../../ui/said.tsx'
import { callText, curlText } from '../../words/copy.ts'

interface Options {
  name: string
  queue: string
  priority: string
  countdown: string
  max_retries: string
  tags: string
}

const numbers = ['priority', 'countdown', 'max_retries'] as const

function bodyOf(task: string, args: object | undefined, options: Options) {
  const { name, queue, tags } = options
  const words = tags.split(/[\s,]+/).filter(Boolean)
  const given = numbers.flatMap(field => {
    const text = options[field].trim()
    return text === '' ? [] : [[field, Number.isNaN(Number(text)) ? text : Number(text)]]
  })
  return {
    task,
    args: args ?? {},
    ...(name && { name }),
    ...(queue && { queue }),
    ...Object.fromEntries(given),
    ...(words.length > 0 && { tags: words })
  }
}

function argsOfLink(): Record<string, unknown> {
  try {
    const value = JSON.parse(query.peek().get('args') ?? '{}')
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}

export function NewTask() {
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds')
  const queues = useQuery<{ items: Queue[] }>('/api/queues').data.value?.items ?? []
  const [task, setTask] = useState(query.peek().get('task') ?? 'process_data')
  const [args, setArgs] = useState<Record<string, unknown> | undefined>(argsOfLink)
  const [options, setOptions] = useState<Options>({
    name: '',
    queue: '',
    priority: '',
    countdown: '',
    max_retries: '',
    tags: ''
  })
  const [error, setError] = useState<ApiError | undefined>()
  // One for each form: a double click submits once.
  const [key, setKey] = useState(randomName)
  const kind = kinds.data.value?.items.find(({ name }) => name === task)
  const body = bodyOf(task, args, options)
  const said = (field: string) => fieldError(error, field)

  async function submit() {
    try {
      const made = await request<Task>('POST', '/api/tasks', { body, headers: { 'idempotency-key': key } })
      tell('The task is submitted')
      go(`/tasks/${made.id}`)
    } catch (failure) {
      setError(failure as ApiError)
      setKey(randomName())
    }
  }
  const set = (name: keyof Options) => (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) => {
    setOptions({ ...options, [name]: event.currentTarget.value })
  }

  return (
    <Page title="New task" busy={!kinds.data.value && !kinds.error.value}>
      <Refused query={kinds} />
      {!kinds.data.value && !kinds.error.value && <Waiting />}
      <div class="form-page">
        <form
          onSubmit={event => {
            event.preventDefault()
            void submit()
          }}
        >
          <Field label="Kind" hint={kind?.description ?? undefined} wrong={said('task')}>
            {attributes => (
              <select
                {...attributes}
                value={task}
                onChange={event => {
                  setTask(event.currentTarget.value)
                  setArgs({})
                  setError(undefined)
                }}
              >
                {kinds.data.value?.items.map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {kind && <Args key={kind.name} schema={kind.args} args={args ?? {}} error={error} onChange={setArgs} />}
          <Field label="Name" hint="To find it by; may be left out" wrong={said('name')}>
            {attributes => <input {...attributes} value={options.name} onInput={set('name')} />}
          </Field>
          <details>
            <summary>Options</summary>
            <div class="two">
              <Field label="Queue" hint={kind && `Usually ${kind.queue}`} wrong={said('queue')}>
                {attributes => (
                  <select {...attributes} value={options.queue} onChange={set('queue')}>
                    <option value="">That of the kind</option>
                    {queues.map(({ name }) => (
                      <option key={name} value={name}>
                        {name}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
              <Field label="Priority" hint="0 to 9, higher first" wrong={said('priority')}>
                {attributes => (
                  <input {...attributes} inputMode="numeric" value={options.priority} onInput={set('priority')} />
                )}
              </Field>
              <Field label="Countdown" hint="Seconds until it may start" wrong={said('countdown')}>
                {attributes => (
                  <input {...attributes} inputMode="decimal" value={options.countdown} onInput={set('countdown')} />
                )}
              </Field>
              <Field label="Retries" hint={kind && `Usually ${kind.retries.max_retries}`} wrong={said('max_retries')}>
                {attributes => (
                  <input {...attributes} inputMode="numeric" value={options.max_retries} onInput={set('max_retries')} />
                )}
              </Field>
            </div>
            <Field label="Tags" hint="With blanks between" wrong={said('tags')}>
              {attributes => <input {...attributes} value={options.tags} onInput={set('tags')} />}
            </Field>
          </details>
          {error && error.errors.length === 0 && <p class="bad breaks">{error.message}</p>}
          <div class="buttons">
            <button type="submit" class="button main" disabled={args === undefined}>
              Create task
            </button>
          </div>
        </form>
        <aside class="form-side" aria-label="The same as curl">
          <section class="card">
            <div class="card-head">
              <h2>The same as curl</h2>
              <CopyAs
                curl={curlText(serviceAddress, 'POST', '/api/tasks', body)}
                sql={callText('enqueue_task', body)}
              />
            </div>
            <pre>{curlText(serviceAddress, 'POST', '/api/tasks', body)}</pre>
          </section>
        </aside>
      </div>
    </Page>
  )
}
