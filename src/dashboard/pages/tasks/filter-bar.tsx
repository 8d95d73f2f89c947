import type { ComponentChildren } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { go, withQuery } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Kind, Queue, Worker } from '../../state/service/shapes.ts'
import { Icon } from '../../ui/icons.tsx'
import { completionsOf } from '../../words/tasks/complete.ts'
import { type Filter, filterNames, parseFilter, printFilter } from '../../words/tasks/filter.ts'

/** The page's address with this filter and no other. */
export function addressOfFilter(filter: Filter) {
  const nothing = Object.fromEntries([...filterNames, 'q', 'peek'].map(name => [name, undefined]))
  return withQuery({ ...nothing, ...filter })
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What the list is asked for, as text: the same words as in the address. */
export function FilterBar({ filter, tools }: { filter: Filter; tools: ComponentChildren }) {
  return (
    <>
      <div class="filter-row">
        <FilterField filter={filter} />
        {tools}
      </div>
      <Chips filter={filter} />
    </>
  )
}

function FilterField({ filter }: { filter: Filter }) {
  const printed = printFilter(filter)
  const [text, setText] = useState(printed)
  const [at, setAt] = useState(-1)
  const [open, setOpen] = useState(false)
  const id = useId()
  useEffect(() => setText(printed), [printed])

  const offered = useCompletions(text, open)

  function take(completion: string) {
    setText(completed(text, completion))
    setAt(-1)
  }
  function search() {
    setOpen(false)
    setAt(-1)
    if (uuid.test(text.trim())) return go(`/tasks/${text.trim().toLowerCase()}`)
    go(addressOfFilter(parseFilter(text)))
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'Enter') {
      event.preventDefault()
      const chosen = offered[at]
      if (chosen) take(chosen.text)
      else search()
    } else if (event.key === 'Tab' && offered[at]) {
      event.preventDefault()
      take(offered[at].text)
    } else if (event.key === 'Escape') {
      event.preventDefault()
      if (open) setOpen(false)
      else (event.currentTarget as HTMLElement).blur()
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      setOpen(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      setAt(Math.max(-1, Math.min(offered.length - 1, at + step)))
    }
  }

  return (
    <div class="filter">
      <Icon name="search" />
      <input
        {...combobox(id, offered.length > 0, at)}
        value={text}
        onInput={event => {
          setText(event.currentTarget.value)
          setOpen(true)
          setAt(-1)
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      {offered.length > 0 && <Completions id={id} offered={offered} at={at} take={take} />}
    </div>
  )
}

/** With the last word completed. */
const completed = (text: string, completion: string) =>
  text.replace(/\S*$/, '') + completion + (/[:>,]$/.test(completion) ? '' : ' ')

/** What its field is to readers: a text with a list below, one of which may be chosen. */
function combobox(id: string, isOpen: boolean, at: number) {
  return {
    'data-filter': true,
    role: 'combobox',
    'aria-label': 'Filter tasks',
    'aria-expanded': isOpen,
    'aria-controls': isOpen ? id : undefined,
    'aria-activedescendant': at >= 0 ? `${id}-${at}` : undefined,
    'aria-autocomplete': 'list',
    autocomplete: 'off',
    spellcheck: false,
    placeholder: 'status:FAILED task:add from:-1h text'
  } as const
}

function useCompletions(text: string, open: boolean) {
  const kinds = useQuery<{ items: Kind[] }>(open ? '/api/kinds' : undefined).data.value?.items ?? []
  const queues = useQuery<{ items: Queue[] }>(open ? '/api/queues' : undefined).data.value?.items ?? []
  const workers = useQuery<{ items: Worker[] }>(open ? '/api/workers' : undefined).data.value?.items ?? []
  const known = { kinds: kinds.map(({ name }) => name), queues: queues.map(({ name }) => name), workers }
  return open ? completionsOf(text, known) : []
}

interface CompletionsProps {
  id: string
  offered: ReturnType<typeof completionsOf>
  /** The one that is chosen. */
  at: number
  take(text: string): void
}

function Completions({ id, offered, at, take }: CompletionsProps) {
  return (
    <div class="filter-list" role="listbox" id={id} aria-label="Filters">
      {offered.map(({ text, hint }, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field above hears the keys
        <div
          key={text}
          id={`${id}-${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === at}
          onPointerDown={event => event.preventDefault()}
          onClick={() => take(text)}
        >
          <span class="mono cut-off">{text}</span>
          <span class="soft cut-off">{hint}</span>
        </div>
      ))}
    </div>
  )
}

function Chips({ filter }: { filter: Filter }) {
  const names = [...filterNames, 'q'] as const
  const set = names.filter(name => filter[name])
  if (set.length === 0) return null
  return (
    <ul class="chips" aria-label="Filters that are set">
      {set.map(name => {
        const text = name === 'q' ? `“${filter.q}”` : printFilter({ [name]: filter[name] })
        return (
          <li key={name} class="chip">
            <span class="mono cut-off">{text}</span>
            <button
              type="button"
              aria-label={`Drop ${text}`}
              onClick={() => go(addressOfFilter({ ...filter, [name]: undefined }))}
            >
              <Icon name="close" size={12} />
            </button>
          </li>
        )
      })}
      {set.length > 1 && (
        <li>
          <button type="button" class="button quiet" onClick={() => go(addressOfFilter({}))}>
            Drop all
          </button>
        </li>
      )}
    </ul>
  )
}
