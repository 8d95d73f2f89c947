import { useMemo, useState } from 'preact/hooks'
import { readSetting } from '../state/browser/settings.ts'
import { jsonText, tokensOf } from '../words/json.ts'
import { bytesText } from '../words/number.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'

// Characters that are shown at once, and of a text that is coloured: an element for each word takes long to lay out.
const most = 16 * 1024
const mostColoured = 128 * 1024

export function Json({ value, label }: { value: unknown; label: string }) {
  const [all, setAll] = useState(false)
  const [shown, setShown] = useState(false)
  const text = useMemo(() => jsonText(value, 2), [value])
  if (readSetting('hide') && !shown) return <Button onClick={() => setShown(true)}>Show {label}</Button>
  const cut = text.length > most && !all
  const part = cut ? text.slice(0, most) : text
  return (
    <div class="json-place">
      <pre class="json" role="region" aria-label={label} tabIndex={0}>
        {part.length > mostColoured ? part : <Coloured text={part} />}
        {cut && '…'}
      </pre>
      <CopyButton text={text} label={`Copy ${label}`} />
      {cut && <Button onClick={() => setAll(true)}>Show all {bytesText(text.length)}</Button>}
    </div>
  )
}

function Coloured({ text }: { text: string }) {
  const tokens = useMemo(() => tokensOf(text), [text])
  return (
    <>
      {tokens.map(({ kind, text }, index) =>
        kind === 'plain' || kind === 'number' ? (
          text
        ) : (
          <span key={index} class={kind}>
            {text}
          </span>
        )
      )}
    </>
  )
}
