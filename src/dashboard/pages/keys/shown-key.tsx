import { serviceAddress } from '../../state/service/base.ts'
import { CopyBox } from '../../ui/copy-box.tsx'
import { ShownOnce } from '../../ui/overlays/shown-once.tsx'
import { quoted } from '../../words/copy.ts'

interface ShownKeyProps {
  title: string
  secret: string
  done?: string
  onClose(): unknown
}

/** A key, and how a program sends it. */
export function ShownKey({ title, secret, ...rest }: ShownKeyProps) {
  const example = `curl -s -H "authorization: Bearer $DARKROOM_KEY" ${quoted(`${serviceAddress}/api/session`)}`
  return (
    <ShownOnce title={title} label="Key" secret={secret} {...rest}>
      <p class="section">A program sends it with each request:</p>
      <CopyBox label="How it is sent" text={example} copy="Copy the example" />
    </ShownOnce>
  )
}
