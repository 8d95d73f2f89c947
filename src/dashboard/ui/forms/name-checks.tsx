import { useState } from 'preact/hooks'

interface NameChecksProps {
  legend: string
  hint?: string | undefined
  wrong?: string | undefined
  /** Those that may be chosen; what is chosen at first stays among them. */
  names: readonly string[]
  chosen: readonly string[]
  change(chosen: string[]): void
}

/** Some of the names that there are. */
export function NameChecks({ legend, hint, wrong, names, chosen, change }: NameChecksProps) {
  const [first] = useState(chosen)
  const all = [...new Set([...names, ...first])]
  return (
    <fieldset class="checks">
      <legend>{legend}</legend>
      {(wrong ?? hint) && <p class={wrong ? 'bad' : 'soft'}>{wrong ?? hint}</p>}
      <div class="check-list">
        {all.map(name => (
          <label key={name} class="check">
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              onChange={event =>
                change(event.currentTarget.checked ? [...chosen, name] : chosen.filter(one => one !== name))
              }
            />
            <span class="cut-off">{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
