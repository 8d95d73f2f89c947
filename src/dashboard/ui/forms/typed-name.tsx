import { useState } from 'preact/hooks'
import { useAbout } from '../../state/service/about.ts'
import { isProduction } from '../../words/environment.ts'

interface TypedName {
  /** What has to be typed in any case. */
  wanted?: string | undefined
  /** In production the name of the installation has to be typed, too. */
  isGrave: boolean
}

/** A field for the name that has to be typed before an act, where one has to be, and whether it is. */
export function useTypedName({ wanted, isGrave }: TypedName) {
  const environment = useAbout()?.environment ?? null
  const name = wanted ?? (isGrave && isProduction(environment) ? environment! : undefined)
  const [said, setSaid] = useState('')
  const field = name !== undefined && (
    <label class="field">
      <span>
        Type <b class="mono">{name}</b>
      </span>
      <input value={said} onInput={event => setSaid(event.currentTarget.value)} />
    </label>
  )
  return { field, isTyped: name === undefined || said === name }
}
