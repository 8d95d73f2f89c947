import { useState } from 'preact/hooks'
import { readSetting } from '../state/settings.ts'
import { jsonText, tokensOf } from '../words/json.ts'
import { bytesText } from '../words/number.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'

// Characters that are shown at once: more would take long to lay out.
const most = 64 * 1024

export function Json({ value, label }: { value: unknown; label: string }) {
  const [all, setAll] = useState(false)
  const [shown, setShown] = useState(false)
  if (readSetting('hide') && !shown) return <Button onClick={() => setShown(true)}>Show {label}</Button>
  const text = jsonText(value, 2)
  const cut = text.length > most && !all
  return (
    <div class="json-place">
      <pre class="json" role="region" aria-label={label} tabIndex={0}>
        {tokensOf(cut ? text.slice(0, most) : text).map(({ kind, text }, index) =>
          kind === 'plain' || kind === 'number' ? (
            text
          ) : (
            <span key={index} class={kind}>
              {text}
            </span>
          )
        )}
        {cut && '…'}
      </pre>
      <CopyButton text={text} label={`Copy ${label}`} />
      {cut && <Button onClick={() => setAll(true)}>Show all {bytesText(text.length)}</Button>}
    </div>
  )
}
