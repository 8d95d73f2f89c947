import { CopyButton } from './copy.tsx'

interface CopyBoxProps {
  /** What the text is called. */
  label: string
  text: string
  /** What the button says. */
  copy?: string
}

/** A text in full, and a button that copies it. */
export function CopyBox({ label, text, copy = `Copy ${label.toLowerCase()}` }: CopyBoxProps) {
  return (
    <div class="fix once">
      <pre role="region" aria-label={label} tabIndex={0}>
        {text}
      </pre>
      <CopyButton text={text} label={copy} />
    </div>
  )
}
