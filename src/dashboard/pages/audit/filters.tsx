import { go, query, withQuery } from '../../state/browser/route.ts'
import { Segments } from '../../ui/segments.tsx'
import { ages } from '../../words/audit.ts'

const fields = [
  ['actor', 'Actor', 'anna, sql, cli …'],
  ['action', 'Action', 'queue.pause, queue.*'],
  ['target', 'Target', 'queue:media']
] as const

const change = (name: string, value: string) => go(withQuery({ [name]: value || undefined, cursor: undefined }))

/** Which lines are shown; all of it is in the address. */
export function Filters() {
  const since = query.value.get('since') ?? ''
  return (
    <div class="audit-filters" role="search" aria-label="Lines">
      {fields.map(([name, label, placeholder]) => (
        <input
          key={name}
          type="search"
          aria-label={label}
          title={label}
          placeholder={`${label}: ${placeholder}`}
          value={query.value.get(name) ?? ''}
          {...(name === 'actor' && { 'data-filter': true })}
          onChange={event => change(name, event.currentTarget.value.trim())}
        />
      ))}
      <select aria-label="Since" value={since} onChange={event => change('since', event.currentTarget.value)}>
        <option value="">of all time</option>
        {Object.entries(ages).map(([age, [, text]]) => (
          <option key={age} value={age}>
            of {text}
          </option>
        ))}
        {since !== '' && !(since in ages) && <option value={since}>since {since}</option>}
      </select>
      <Segments label="Outcome" parameter="outcome" values={['done', 'refused']} />
    </div>
  )
}
