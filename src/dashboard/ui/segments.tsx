import { href, query, withQuery } from '../state/browser/route.ts'

interface SegmentsProps {
  label: string
  /** Of the address. */
  parameter: string
  values: readonly string[]
}

/** One of a few values of a filter, or all. */
export function Segments({ label, parameter, values }: SegmentsProps) {
  const chosen = query.value.get(parameter) ?? undefined
  return (
    <nav class="segments" aria-label={label}>
      {[undefined, ...values].map(value => (
        <a
          key={value ?? ''}
          href={href(withQuery({ [parameter]: value, cursor: undefined }))}
          aria-current={chosen === value ? 'true' : undefined}
        >
          {value ?? 'all'}
        </a>
      ))}
    </nav>
  )
}
